with

final as (
    select
        name,
        value,
        valid_from,
        valid_to
    from {{ latest_policy('setting') }}
)

select * from final
