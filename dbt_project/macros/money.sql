{#-
    Money never meets `/`, `avg` or a double. Everything below works on integers or exact decimals
    and rounds half away from zero. A null or zero divisor gives null.
-#}

{#- An amount as a whole number of hundredths, wide enough to multiply two of them. -#}
{% macro hundredths(amount) -%}
    cast({{ wide(amount) }} * cast(100 as decimal(3, 0)) as hugeint)
{%- endmacro %}

{#-
    An amount with room for a product: DuckDB gives the product of two numbers of at most 18 digits
    no more than 18, and stops when they do not do.
-#}
{% macro wide(amount) -%}
    cast({{ amount }} as decimal(30, 2))
{%- endmacro %}

{#- A whole number divided by another, rounded half away from zero. -#}
{% macro rounded_quotient(numerator, denominator, type='bigint') -%}
    cast(
        sign({{ numerator }}) * sign({{ denominator }})
        * (
            (2 * abs({{ numerator }}) + abs({{ denominator }}))
            // nullif(2 * abs({{ denominator }}), 0)
        ) as {{ type }}
    )
{%- endmacro %}

{#- rd(a * b / c) to 0.01; a, b and c are amounts or counts. -#}
{% macro rd_ratio(a, b, c) -%}
    cast(
        cast(
            {{ rounded_quotient(
                '(' ~ hundredths(a) ~ ' * ' ~ hundredths(b) ~ ')', hundredths(c)
            ) }} as decimal(18, 0)
        ) * cast(0.01 as decimal(3, 2)) as decimal(18, 2)
    )
{%- endmacro %}

{#- rd(amount * rate) to 0.01; the rate has at most six places. -#}
{% macro rd_rate(amount, rate) -%}
    cast(round({{ wide(amount) }} * {{ rate }}, 2) as decimal(18, 2))
{%- endmacro %}

{#- Joins the plan rate from one currency to another on a date; unknown, its columns are null. -#}
{% macro join_plan_rate(currency, to_currency, date, name='plan_rates') -%}
    left join {{ ref('int_plan_rates') }} as {{ name }}
        on
            {{ currency }} = {{ name }}.from_currency
            and {{ to_currency }} = {{ name }}.to_currency
            and {{ is_valid_on(date, name) }}
{%- endmacro %}

{#- The exact quotient rounded half away from zero to six places. -#}
{% macro ratio_rate(numerator, denominator, precision=9) -%}
    cast(
        cast(
            {{ rounded_quotient(
                '(1000000 * ' ~ hundredths(numerator) ~ ')', hundredths(denominator)
            ) }} as decimal(18, 0)
        ) * cast(0.000001 as decimal(7, 6)) as decimal({{ precision }}, 6)
    )
{%- endmacro %}

{#-
    Vendors' minor units as an amount. ISO 4217 gives these currencies no minor unit.
-#}
{% macro from_minor_units(units, currency) -%}
    cast(
        case
            when upper({{ currency }}) in (
                'BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'UGX',
                'VND', 'VUV', 'XAF', 'XOF', 'XPF'
            ) then cast({{ units }} as decimal(18, 2))
            else cast({{ units }} as decimal(18, 0)) * cast(0.01 as decimal(3, 2))
        end as decimal(18, 2)
    )
{%- endmacro %}

{#- A whole number of hundredths as an amount. -#}
{% macro from_hundredths(hundredths) -%}
    cast(
        cast({{ hundredths }} as decimal(18, 0)) * cast(0.01 as decimal(3, 2)) as decimal(18, 2)
    )
{%- endmacro %}

{#- The quotient of two whole numbers, rounded half away from zero to six places. -#}
{% macro whole_ratio_rate(numerator, denominator, precision=9) -%}
    cast(
        cast(
            {{ rounded_quotient('(1000000 * ' ~ numerator ~ ')', denominator) }} as decimal(18, 0)
        ) * cast(0.000001 as decimal(7, 6)) as decimal({{ precision }}, 6)
    )
{%- endmacro %}

{#- The sum over rows of amount^2 * rate * (1 - rate), to 0.01; the rate has at most six places. -#}
{% macro sum_of_variances(amount, rate) -%}
    {%- set millionths -%}
    cast({{ rate }} * cast(1000000 as decimal(7, 0)) as hugeint)
    {%- endset -%}
    cast(
        cast(
            {{ rounded_quotient(
                'sum(' ~ hundredths(amount) ~ ' * ' ~ hundredths(amount) ~ ' * ' ~ millionths
                ~ ' * (1000000 - ' ~ millionths ~ '))',
                '100000000000000',
                'hugeint'
            ) }} as decimal(36, 0)
        ) * cast(0.01 as decimal(2, 2)) as decimal(38, 2)
    )
{%- endmacro %}
