with

landed as (
    select * from {{ landed('salesforce', 'opportunity_contact_role') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        opportunity_id,
        contact_id,
        role,
        is_primary,
        created_date as created_at,
        system_modstamp as modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
