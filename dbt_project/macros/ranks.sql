{#-
    Percentiles by nearest rank, in whole numbers: of n known values in ascending order the one at
    rank ceil(percent / 100 * n). Unknown values have no rank.
-#}
{% macro percentile(value, percent) -%}
    percentile_disc({{ '%.2f' | format(percent / 100) }}) within group (order by {{ value }})
{%- endmacro %}
