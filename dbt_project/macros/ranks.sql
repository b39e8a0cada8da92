{#-
    Percentiles by nearest rank, in whole numbers: of `count` values in ascending order the one at
    rank ceil(percent / 100 * count). An aggregate over rows that know the place of their value
    (from 1) and how many there are.
-#}
{% macro percentile(value, place, count, percent) -%}
    max(case when {{ place }} = ({{ percent }} * {{ count }} + 99) // 100 then {{ value }} end)
{%- endmacro %}
