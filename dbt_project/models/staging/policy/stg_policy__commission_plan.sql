with

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
        valid_to
    from {{ latest_policy('commission_plan') }}
)

select * from final
