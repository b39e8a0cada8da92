with

final as (
    select
        component_id,
        tier_number,
        lower_attainment,
        upper_attainment,
        rate,
        valid_from,
        valid_to
    from {{ latest_policy('rate_tier') }}
)

select * from final
