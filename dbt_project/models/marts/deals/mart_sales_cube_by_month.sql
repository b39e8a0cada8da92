with

sold as (
    select
        *,
        cast(null as decimal(18, 2)) as target_amount,
        cast(null as decimal(18, 2)) as vs_target_amount
    from {{ ref('int_sales_cube') }}
),

attained as (
    select * from {{ ref('mart_attainment_by_scope_month') }}
    where
        scope_kind = 'rep' and metric_id = 'won_amount' and period_type = 'month'
        and is_latest_version
),

reps as (
    select
        tenant,
        employee_number,
        source_id,
        region,
        row_number() over (partition by tenant, employee_number order by source_id) as rep_rank
    from {{ ref('dim_rep') }}
),

assignments as (
    select
        tenant,
        employee_number,
        region,
        valid_from,
        valid_to
    from {{ ref('stg_policy__rep_assignment') }}
),

tenants as (
    select
        tenant,
        currency_code
    from {{ ref('dim_tenant') }}
),

-- A target is of a rep and a month: it stands once, where he is at the month's end.
aimed as (
    select
        attained.tenant,
        attained.period_start as close_month,
        '(all)' as pipeline_type,
        coalesce(assignments.region, reps.region, '(unknown)') as region,
        '(target)' as product_line,
        coalesce(reps.source_id, '(none)') as owner_source_id,
        cast(0 as bigint) as deal_count,
        cast(0 as bigint) as line_count,
        cast(null as decimal(18, 2)) as net_amount,
        cast(0 as decimal(18, 2)) as line_deal_difference_amount,
        tenants.currency_code,
        cast(sum(attained.target_value) as decimal(18, 2)) as target_amount,
        cast(sum(attained.gap_value) as decimal(18, 2)) as vs_target_amount
    from attained
    inner join tenants
        on attained.tenant = tenants.tenant
    left join reps
        on
            attained.tenant = reps.tenant
            and attained.scope_id = reps.employee_number
            and reps.rep_rank = 1
    left join assignments
        on
            attained.tenant = assignments.tenant
            and attained.scope_id = assignments.employee_number
            and {{ is_valid_on(
                'least(' ~ last_date_of('attained.period_start') ~ ', ' ~ as_of_date() ~ ')',
                'assignments'
            ) }}
    group by
        attained.tenant,
        attained.period_start,
        coalesce(assignments.region, reps.region, '(unknown)'),
        coalesce(reps.source_id, '(none)'),
        tenants.currency_code
),

unioned as (
    select * from sold
    union all
    select * from aimed
),

final as (
    select
        tenant,
        close_month,
        pipeline_type,
        region,
        product_line,
        owner_source_id,
        deal_count,
        line_count,
        net_amount,
        {{ ratio_rate('net_amount', 'sum(net_amount) over (partition by tenant, close_month)') }}
            as share_rate,
        line_deal_difference_amount,
        target_amount,
        vs_target_amount,
        currency_code
    from unioned
)

select * from final
