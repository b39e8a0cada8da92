with

landed as (
    select * from {{ landed('policy', 'working_day') }}
),

final as (
    select
        tenant,
        day,
        is_working_day,
        name,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
