with

won as (
    select * from {{ ref('int_won_by_place_month') }}
),

kinds as (
    select
        scopes.scope_kind,
        lengths.period_type
    from (values ('tenant'), ('region'), ('rep')) as scopes (scope_kind)
    cross join (values ('month'), ('quarter'), ('year')) as lengths (period_type)
),

placed as (
    select
        won.*,
        kinds.scope_kind,
        case kinds.scope_kind
            when 'tenant' then '*'
            when 'region' then won.region
            else won.employee_number
        end as scope_id,
        kinds.period_type,
        case kinds.period_type
            when 'month' then won.closed_month
            when 'quarter' then {{ quarter_of('won.closed_month') }}
            else {{ year_of('won.closed_month') }}
        end as period_start
    from won
    cross join kinds
),

summed as (
    select
        tenant,
        scope_kind,
        scope_id,
        period_type,
        period_start,
        currency_code,
        cast(sum(won_count) as decimal(18, 2)) as won_count,
        cast(sum(qualified_won_count) as decimal(18, 2)) as qualified_won_count,
        cast(sum(multi_year_won_count) as decimal(18, 2)) as multi_year_won_count,
        max(has_qualified) = 1 as has_qualified,
        max(has_multi_year) = 1 as has_multi_year,
        cast(sum(won_amount) as decimal(18, 2)) as won_amount,
        cast(sum(qualified_won_amount) as decimal(18, 2)) as qualified_won_amount,
        cast(sum(multi_year_won_amount) as decimal(18, 2)) as multi_year_won_amount
    from placed
    where scope_id is not null and period_start <= {{ as_of_date() }}
    group by
        tenant,
        scope_kind,
        scope_id,
        period_type,
        period_start,
        currency_code
),

-- What no deal adds to is zero; a sum of deals of which no amount is known is not.
final as (
    select
        tenant,
        scope_kind,
        scope_id,
        'won_amount' as metric_id,
        period_type,
        period_start,
        won_amount as actual_value,
        case
            when has_qualified then qualified_won_amount
            else cast(0 as decimal(18, 2))
        end as qualified_actual_value,
        case
            when has_multi_year then multi_year_won_amount
            else cast(0 as decimal(18, 2))
        end as multi_year_value,
        currency_code
    from summed

    union all

    select
        tenant,
        scope_kind,
        scope_id,
        'won_count' as metric_id,
        period_type,
        period_start,
        won_count as actual_value,
        qualified_won_count as qualified_actual_value,
        multi_year_won_count as multi_year_value,
        cast(null as string) as currency_code
    from summed
    where won_count > 0
)

select * from final
