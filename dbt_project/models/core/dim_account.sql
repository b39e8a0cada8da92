with

accounts as (
    select
        account_key,
        source_tenant,
        source_system,
        source_id,
        account_role,
        name,
        domain,
        parent_source_id,
        industry,
        region,
        owner_source_id,
        currency_code,
        created_at
    from {{ ref('int_accounts__unioned') }}
    where not is_deleted
),

customers as (
    select
        account_key,
        customer_id
    from {{ ref('bridge_customer_source') }}
),

final as (
    select
        accounts.account_key,
        accounts.source_tenant as tenant,
        accounts.source_system,
        accounts.source_id,
        accounts.account_role,
        case
            when accounts.account_role = 'crm' then accounts.source_id
            else customers.customer_id
        end as customer_id,
        accounts.name,
        accounts.domain,
        accounts.parent_source_id,
        accounts.industry,
        accounts.region,
        accounts.owner_source_id,
        accounts.currency_code,
        accounts.created_at
    from accounts
    left join customers
        on accounts.account_key = customers.account_key
)

select * from final
