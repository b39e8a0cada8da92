with

final as (
    select
        tenant,
        month_number,
        weight,
        valid_from,
        valid_to
    from {{ latest_policy('target_season') }}
)

select * from final
