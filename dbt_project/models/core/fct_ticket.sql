with

tickets as (
    select
        ticket_key,
        source_tenant as tenant,
        source_system,
        source_id,
        account_source_id,
        status,
        priority,
        channel,
        created_at
    from {{ ref('int_tickets__unioned') }}
    where not is_deleted and created_at < {{ as_of_at() }}
),

tenants as (
    select
        tenant,
        reporting_timezone
    from {{ ref('dim_tenant') }}
),

customers as (
    select
        account_key,
        customer_id
    from {{ ref('bridge_customer_source') }}
),

final as (
    select
        tickets.ticket_key,
        tickets.tenant,
        tickets.source_system,
        tickets.source_id,
        tickets.account_source_id,
        customers.customer_id,
        tickets.status,
        tickets.priority,
        tickets.channel,
        tickets.created_at,
        {{ to_reporting_date('tickets.created_at', 'tenants.reporting_timezone') }}
            as created_date,
        {{ to_reporting_month('tickets.created_at', 'tenants.reporting_timezone') }}
            as created_month
    from tickets
    left join tenants
        on tickets.tenant = tenants.tenant
    left join customers
        on
            {{ surrogate_key(
                'tickets.source_system', 'tickets.tenant', 'tickets.account_source_id'
            ) }} = customers.account_key
)

select * from final
