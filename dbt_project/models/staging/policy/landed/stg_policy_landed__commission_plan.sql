with

landed as (
    select * from {{ landed('policy', 'commission_plan') }}
),

final as (
    select
        plan_id,
        plan_name_en,
        plan_name_zh,
        period_type,
        base,
        approved_by,
        approved_at,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
