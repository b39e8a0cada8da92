{#-
    Money never meets `/` or `avg`: both give a double on DuckDB. Amounts are taken to minor units,
    multiplied and divided as integers, rounded half away from zero and taken back.
    The integers hold 38 digits: the product of two decimal(18, 2) fits, whatever they are.
-#}

{#- rd(a * b / c) for amounts a, b and c > 0: decimal(18, 2). Null when c is 0. -#}
{% macro rd_ratio(a, b, c) -%}
    {{ rounded_quotient(
        scaled(a, 2) ~ ' * ' ~ scaled(b, 2), scaled(c, 2), 2
    ) }}
{%- endmacro %}

{#- rd(amount * rate): decimal(18, 2). -#}
{% macro rd_rate(amount, rate) -%}
    {{ rounded_quotient(scaled(amount, 2) ~ ' * ' ~ scaled(rate, 6), scaled('1', 6), 2) }}
{%- endmacro %}

{#- a / b to six places, for amounts a and b > 0: decimal(18, 6). Null when b is 0. -#}
{% macro ratio_rate(a, b) -%}
    {{ rounded_quotient(scaled(a, 2) ~ ' * ' ~ scaled('1', 6), scaled(b, 2), 6) }}
{%- endmacro %}

{#- An integer quotient, half away from zero, read as a decimal of `scale` places. -#}
{% macro rounded_quotient(dividend, divisor, scale) -%}
    cast(
        sign({{ dividend }})
        * {{ integer_quotient(
            '(2 * abs(' ~ dividend ~ ') + ' ~ divisor ~ ')', 'nullif(2 * ' ~ divisor ~ ', 0)'
        ) }}
        * cast({{ '0.01' if scale == 2 else '0.000001' }} as decimal(18, {{ scale }}))
        as decimal(18, {{ scale }})
    )
{%- endmacro %}

{#- A number of at most `scale` decimal places as an integer of its smallest unit. -#}
{% macro scaled(number, scale) -%}
    {{ return(adapter.dispatch('scaled')(number, scale)) }}
{%- endmacro %}

{% macro duckdb__scaled(number, scale) -%}
    cast(cast({{ number }} as decimal(38, {{ scale }})) * {{ 10 ** scale }} as hugeint)
{%- endmacro %}

{% macro spark__scaled(number, scale) -%}
    cast(cast({{ number }} as decimal(28, {{ scale }})) * {{ 10 ** scale }} as decimal(38, 0))
{%- endmacro %}

{% macro integer_quotient(dividend, divisor) -%}
    {{ return(adapter.dispatch('integer_quotient')(dividend, divisor)) }}
{%- endmacro %}

{% macro duckdb__integer_quotient(dividend, divisor) -%}
    ({{ dividend }} // {{ divisor }})
{%- endmacro %}

{% macro spark__integer_quotient(dividend, divisor) -%}
    ({{ dividend }} div {{ divisor }})
{%- endmacro %}
