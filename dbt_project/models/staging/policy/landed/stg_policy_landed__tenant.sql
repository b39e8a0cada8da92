with

landed as (
    select * from {{ landed('policy', 'tenant') }}
),

final as (
    select
        tenant,
        display_name,
        reporting_timezone,
        currency_code,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
