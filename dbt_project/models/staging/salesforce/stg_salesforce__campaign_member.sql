with

landed as (
    select * from {{ landed('salesforce', 'campaign_member') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        campaign_id,
        lead_id,
        contact_id,
        status,
        has_responded,
        created_date as created_at,
        system_modstamp as modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
