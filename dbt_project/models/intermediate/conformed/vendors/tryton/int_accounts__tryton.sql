with

latest_parties as (
    select * from {{ latest_known(ref('stg_tryton__party'), 'id') }}
),

latest_employees as (
    select * from {{ latest_known(ref('stg_tryton__employee'), 'id') }}
),

-- One company sells and invoices here: it is the customer of both sides, linked by its own id.
sides as (
    select
        'crm' as account_role,
        '' as prefix

    union all

    select
        'finance' as account_role,
        'finance-' as prefix
),

staff as (
    select
        source_tenant,
        party
    from latest_employees
    group by
        source_tenant,
        party
),

customers as (
    select
        latest_parties.*,
        sides.account_role,
        sides.prefix || latest_parties.id as account_id
    from latest_parties
    cross join sides
    left join staff
        on
            latest_parties.source_tenant = staff.source_tenant
            and latest_parties.id = staff.party
    where staff.party is null
),

final as (
    select
        {{ surrogate_key("'tryton'", 'source_tenant', 'account_id') }} as account_key,
        'tryton' as source_system,
        source_tenant,
        account_id as source_id,
        account_role,
        name,
        case when account_role = 'finance' then id else replaced_by end as external_reference,
        {{ domain_of('website') }} as domain,
        cast(null as string) as parent_source_id,
        cast(null as string) as industry,
        cast(null as string) as region,
        cast(null as string) as owner_source_id,
        cast(null as string) as currency_code,
        created_at,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        -- A party that was replaced is only made inactive, and its documents keep their times.
        is_deleted or (account_role = 'crm' and replaced_by is not null) as is_deleted
    from customers
)

select * from final
