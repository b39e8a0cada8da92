with

final as (
    select
        tenant,
        display_name,
        reporting_timezone,
        currency_code,
        valid_from,
        valid_to
    from {{ latest_policy('tenant') }}
)

select * from final
