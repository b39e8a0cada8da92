with

latest_opportunity_contact_roles as (
    select * from {{ latest_known(ref('stg_salesforce__opportunity_contact_role'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'source_tenant', 'id') }} as opportunity_contact_key,
        'salesforce' as source_system,
        source_tenant,
        id as source_id,
        opportunity_id as opportunity_source_id,
        contact_id as contact_source_id,
        replace(lower(trim(role)), ' ', '_') as contact_role,
        is_primary,
        created_at,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from latest_opportunity_contact_roles
)

select * from final
