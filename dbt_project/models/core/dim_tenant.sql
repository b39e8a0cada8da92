with

tenants as (
    select
        tenant,
        display_name,
        reporting_timezone,
        currency_code,
        valid_from,
        valid_to
    from {{ ref('stg_policy__tenant') }}
),

final as (
    select
        tenants.tenant,
        tenants.display_name,
        tenants.reporting_timezone,
        tenants.currency_code
    from tenants
    where {{ is_valid_on(as_of_date(), 'tenants') }}
)

select * from final
