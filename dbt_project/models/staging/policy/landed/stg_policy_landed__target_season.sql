with

landed as (
    select * from {{ landed('policy', 'target_season') }}
),

final as (
    select
        tenant,
        month_number,
        weight,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
