with

final as (
    select
        tenant,
        day,
        is_working_day,
        name,
        valid_from,
        valid_to
    from {{ latest_policy('working_day') }}
)

select * from final
