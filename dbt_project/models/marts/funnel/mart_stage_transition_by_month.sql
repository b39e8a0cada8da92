with

stays as (
    select
        tenant,
        case_id,
        stay_number,
        pipeline_id,
        stage_id,
        from_stage_id,
        move_kind,
        entered_month,
        is_qualified,
        amount,
        currency_code,
        lag(stay_seconds) over (
            partition by tenant, case_id order by stay_number
        ) as left_stay_seconds
    from {{ ref('fct_stage_interval') }}
),

months as (
    select
        pipeline_id,
        month,
        pipeline_type,
        process_version,
        is_comparable
    from {{ ref('int_pipeline_months') }}
),

moves as (
    select
        tenant,
        pipeline_id,
        entered_month as move_month,
        from_stage_id,
        stage_id as to_stage_id,
        move_kind,
        count(*) as move_count,
        count(case when is_qualified then 1 end) as qualified_move_count,
        cast(sum(case when is_qualified then amount end) as decimal(18, 2)) as qualified_amount,
        cast(
            sum(case when not is_qualified then amount end) as decimal(18, 2)
        ) as unqualified_amount,
        {{ percentile('left_stay_seconds', 50) }} as median_stay_seconds,
        currency_code
    from stays
    group by
        tenant,
        pipeline_id,
        entered_month,
        from_stage_id,
        stage_id,
        move_kind,
        currency_code
),

dated as (
    select
        moves.*,
        coalesce(months.pipeline_type, 'opportunity') as pipeline_type,
        months.process_version,
        coalesce(months.is_comparable, false) as is_comparable
    from moves
    left join months
        on
            moves.pipeline_id = months.pipeline_id
            and moves.move_month = months.month
),

final as (
    select
        tenant,
        pipeline_id,
        move_month,
        from_stage_id,
        to_stage_id,
        move_kind,
        pipeline_type,
        process_version,
        is_comparable,
        move_count,
        qualified_move_count,
        move_count - qualified_move_count as unqualified_move_count,
        qualified_amount,
        unqualified_amount,
        {{ days_of('median_stay_seconds') }} as median_stay_days,
        currency_code
    from dated
)

select * from final
