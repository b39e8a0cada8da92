with

accounts as (
    select
        account_key,
        source_tenant as tenant,
        source_system,
        source_id,
        account_role,
        external_reference,
        domain
    from {{ ref('int_accounts__unioned') }}
    where not is_deleted
),

crm_accounts as (
    select
        tenant,
        source_id,
        domain
    from accounts
    where account_role = 'crm'
),

crm_ids as (
    select
        tenant,
        source_id
    from crm_accounts
    group by
        tenant,
        source_id
),

-- A domain that several accounts share identifies none of them.
crm_domains as (
    select
        tenant,
        domain,
        min(source_id) as source_id
    from crm_accounts
    where domain is not null
    group by
        tenant,
        domain
    having count(*) = 1
),

-- Blank and catch-all ids stand for many buyers: they are no customer.
others as (
    select
        *,
        lower(trim(source_id)) not in {{ no_customer_ids() }} as is_customer
    from accounts
    where account_role <> 'crm'
),

survivors as (
    select
        tenant,
        source_id,
        survivor_source_id
    from {{ ref('int_account_survivors') }}
),

matched as (
    select
        others.account_key,
        others.tenant,
        others.source_system,
        others.source_id,
        others.account_role,
        others.is_customer,
        crm_ids.source_id as id_match,
        crm_domains.source_id as domain_match
    from others
    left join survivors
        on
            others.tenant = survivors.tenant
            and others.external_reference = survivors.source_id
    left join crm_ids
        on
            others.tenant = crm_ids.tenant
            and coalesce(survivors.survivor_source_id, others.external_reference)
            = crm_ids.source_id
    left join crm_domains
        on
            others.tenant = crm_domains.tenant
            and others.domain = crm_domains.domain
),

final as (
    select
        account_key,
        tenant,
        source_system,
        source_id,
        account_role,
        coalesce(id_match, domain_match) as crm_account_source_id,
        coalesce(id_match, domain_match, account_role || ':' || source_id) as customer_id,
        case
            when id_match is not null then 'explicit_id'
            when domain_match is not null then 'domain'
            else 'unmatched'
        end as match_rule,
        cast(
            case
                when id_match is not null then 1
                when domain_match is not null then 0.9
                else 0
            end as decimal(9, 6)
        ) as match_confidence
    from matched
    where is_customer
)

select * from final
