-- A failing row is a tenant that policy does not name: without a time zone its rows have no dates.
with

landed as (
    select
        source_tenant as tenant
    from {{ ref('int_opportunities__unioned') }}
    union
    select source_tenant
    from {{ ref('int_leads__unioned') }}
    union
    select source_tenant
    from {{ ref('int_invoices__unioned') }}
    union
    select source_tenant
    from {{ ref('int_payments__unioned') }}
    union
    select source_tenant
    from {{ ref('int_tickets__unioned') }}
)

select landed.tenant
from landed
left join {{ ref('dim_tenant') }} as tenants
    on landed.tenant = tenants.tenant
where tenants.tenant is null
