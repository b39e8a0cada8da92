{#-
    The rows of `parents` split over their children of a length. `guide_4x5` divides, and need not
    sum; the others split by largest remainder: hundredths are rounded down, and one more goes to
    the children with the largest remainders, ties to the earlier, until they sum to the parent.
    A child without a working day has no row. Reads the expressions `parents` and `periods`.
-#}
{% macro split_over(parents, period_type, guide_parts) -%}
    {%- set whole, part = weight_in_split('parents'), weight_in_split('children') -%}
    {%- set product = '(' ~ hundredths('parents.target_value') ~ ' * ' ~ part ~ ')' -%}
    {%- set share = '(' ~ product ~ ' // ' ~ whole ~ ')' -%}
    {%- set family = 'parents.target_id, parents.version, parents.period_start' -%}
    {%- set adjustment -%}
        case
            when parents.method = 'guide_4x5' then 0
            when
                row_number() over (
                    partition by {{ family }}
                    order by {{ product }} % {{ whole }} desc, children.period_start
                )
                <= {{ hundredths('parents.target_value') }}
                - sum({{ share }}) over (partition by {{ family }})
                then 1
            else 0
        end
    {%- endset -%}
    select
        parents.target_id,
        parents.tenant,
        parents.calendar_id,
        parents.scope_kind,
        parents.scope_id,
        parents.metric_id,
        children.period_type,
        children.period_start,
        parents.version,
        case
            when parents.method = 'guide_4x5'
                then {{ rd_ratio('parents.target_value', 1, guide_parts) }}
            else {{ from_hundredths(share ~ ' + ' ~ adjustment) }}
        end as target_value,
        parents.period_type as parent_period_type,
        parents.period_start as parent_period_start,
        children.working_day_count,
        children.weight_hundredths,
        parents.method,
        {{ from_hundredths(adjustment) }} as rounding_adjustment,
        parents.currency_code
    from {{ parents }} as parents
    inner join periods as children
        on
            parents.tenant = children.tenant
            and parents.calendar_id = children.calendar_id
            and parents.period_start = children.parent_period_start
            and children.period_type = '{{ period_type }}'
            and children.working_day_count > 0
{%- endmacro %}

{#- What a period weighs by the method of `parents`: its working days, or these by their months. -#}
{% macro weight_in_split(period) -%}
    case
        when parents.method = 'seasonal_working_days' then {{ period }}.weight_hundredths
        else {{ period }}.working_day_count
    end
{%- endmacro %}
