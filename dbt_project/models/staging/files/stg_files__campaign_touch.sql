with

landed as (
    select * from {{ landed('files', 'campaign_touch') }}
),

final as (
    select
        source_tenant,
        source_id,
        campaign_source_id,
        campaign_name,
        channel,
        lead_source_id,
        contact_source_id,
        status,
        is_response,
        touched_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
