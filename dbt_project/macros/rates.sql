{#-
    Wilson's score interval of a rate k / n with z = 1.959964 (95%), in double precision, rounded to
    six places, within 0 and 1. Null when n is 0. k and n are counts.
-#}
{% macro wilson_low(successes, trials) -%}
    {{ wilson_bound(successes, trials, '-') }}
{%- endmacro %}

{% macro wilson_high(successes, trials) -%}
    {{ wilson_bound(successes, trials, '+') }}
{%- endmacro %}

{% macro wilson_bound(successes, trials, sign) -%}
    {%- set n = 'cast(' ~ trials ~ ' as double)' -%}
    {%- set p = '(' ~ successes ~ ' / ' ~ n ~ ')' -%}
    {%- set z = 'cast(1.959964 as double)' -%}
    {#- Without the guard a null would be left out by `least`, and the bound would be 1. -#}
    case
        when {{ trials }} > 0
            then cast(
                greatest(0, least(1, round(
                    (
                        {{ p }} + {{ z }} * {{ z }} / (2 * {{ n }})
                        {{ sign }} {{ z }} * sqrt(
                            ({{ p }} * (1 - {{ p }}) + {{ z }} * {{ z }} / (4 * {{ n }})) / {{ n }}
                        )
                    ) / (1 + {{ z }} * {{ z }} / {{ n }}),
                    6
                ))) as decimal(9, 6)
            )
    end
{%- endmacro %}
