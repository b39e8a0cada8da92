{#- The only "today": the build's own date, and the first instant (UTC) after it. -#}
{% macro as_of_date() -%}
    cast('{{ var("as_of_date") }}' as date)
{%- endmacro %}

{% macro as_of_at() -%}
    cast('{{ var("as_of_at") }}' as timestamp)
{%- endmacro %}

{% macro as_of_month() -%}
    {{ month_of(as_of_date()) }}
{%- endmacro %}

{#- The first day of a date's month. -#}
{% macro month_of(date) -%}
    cast({{ dbt.date_trunc('month', date) }} as date)
{%- endmacro %}

{#- The first day of a date's year or quarter. -#}
{% macro year_of(date) -%}
    cast({{ dbt.date_trunc('year', date) }} as date)
{%- endmacro %}

{% macro quarter_of(date) -%}
    cast({{ dbt.date_trunc('quarter', date) }} as date)
{%- endmacro %}

{#- A date some days or months later; the numbers may be columns, and negative. -#}
{% macro add_days(date, days) -%}
    cast({{ dbt.dateadd('day', days, date) }} as date)
{%- endmacro %}

{% macro add_months(date, months) -%}
    cast({{ dbt.dateadd('month', months, date) }} as date)
{%- endmacro %}

{#- Whole days from one date to a later one. -#}
{% macro days_between(earlier, later) -%}
    cast({{ dbt.datediff(earlier, later, 'day') }} as int)
{%- endmacro %}

{#- The last day of the month that begins on a date. -#}
{% macro last_date_of(month) -%}
    cast({{ dbt.last_day(month, 'month') }} as date)
{%- endmacro %}

{#- Whole months from one first-of-month to a later one. -#}
{% macro months_between(earlier_month, later_month) -%}
    cast({{ dbt.datediff(earlier_month, later_month, 'month') }} as int)
{%- endmacro %}

{#- The local date, in a time zone, of an instant in UTC. -#}
{% macro to_reporting_date(instant, timezone) -%}
    cast(timezone({{ timezone }}, timezone('UTC', {{ instant }})) as date)
{%- endmacro %}

{% macro to_reporting_month(instant, timezone) -%}
    {{ month_of(to_reporting_date(instant, timezone)) }}
{%- endmacro %}

{#- True on [valid_from, valid_to); an empty end is open. -#}
{% macro is_valid_on(date, rows) -%}
    {{ date }} >= {{ rows }}.valid_from
            and ({{ rows }}.valid_to is null or {{ date }} < {{ rows }}.valid_to)
{%- endmacro %}

{#- True on [valid_from_at, valid_to_at); an empty start or end is open. -#}
{% macro is_valid_at(instant, rows) -%}
    ({{ rows }}.valid_from_at is null or {{ instant }} >= {{ rows }}.valid_from_at)
            and ({{ rows }}.valid_to_at is null or {{ instant }} < {{ rows }}.valid_to_at)
{%- endmacro %}

{#- An instant in UTC from epoch seconds. -#}
{% macro from_epoch(seconds) -%}
    cast(make_timestamp({{ seconds }} * 1000000) as timestamp)
{%- endmacro %}

{#- Whole seconds from one instant to a later one; negative when it is the earlier. -#}
{% macro seconds_between(earlier, later) -%}
    cast({{ dbt.datediff(earlier, later, 'second') }} as bigint)
{%- endmacro %}

{#- Days of a number of seconds, or the mean of `count` such numbers from their sum. -#}
{% macro days_of(seconds, count=1) -%}
    {{ ratio_rate(seconds, '(86400 * ' ~ count ~ ')', 18) }}
{%- endmacro %}

{#- The Monday of a date's week. -#}
{% macro week_of(date) -%}
    cast({{ dbt.date_trunc('week', date) }} as date)
{%- endmacro %}
