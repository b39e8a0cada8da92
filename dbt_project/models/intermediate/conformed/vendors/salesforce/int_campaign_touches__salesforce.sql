with

latest_members as (
    select * from {{ latest_known(ref('stg_salesforce__campaign_member'), 'id') }}
),

latest_campaigns as (
    select * from {{ latest_known(ref('stg_salesforce__campaign'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'latest_members.source_tenant', 'latest_members.id') }}
            as campaign_touch_key,
        'salesforce' as source_system,
        latest_members.source_tenant,
        latest_members.id as source_id,
        latest_members.campaign_id as campaign_source_id,
        latest_campaigns.name as campaign_name,
        latest_campaigns.type as channel,
        latest_members.lead_id as lead_source_id,
        latest_members.contact_id as contact_source_id,
        latest_members.status,
        latest_members.has_responded as is_response,
        latest_members.created_at as touched_at,
        latest_members.modified_at as effective_at,
        latest_members._recorded_at as recorded_at,
        latest_members._is_backfilled as is_backfilled,
        latest_members.is_deleted
    from latest_members
    left join latest_campaigns
        on
            latest_members.source_tenant = latest_campaigns.source_tenant
            and latest_members.campaign_id = latest_campaigns.id
)

select * from final
