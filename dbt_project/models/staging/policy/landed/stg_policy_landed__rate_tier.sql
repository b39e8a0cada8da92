with

landed as (
    select * from {{ landed('policy', 'rate_tier') }}
),

final as (
    select
        component_id,
        tier_number,
        lower_attainment,
        upper_attainment,
        rate,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
