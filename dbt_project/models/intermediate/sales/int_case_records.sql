with

leads as (
    select
        lead_key,
        tenant,
        source_system,
        source_id,
        case_id,
        opportunity_key
    from {{ ref('fct_lead') }}
),

opportunities as (
    select
        opportunity_key,
        tenant,
        source_system,
        source_id,
        case_id,
        pipeline_id
    from {{ ref('fct_opportunity') }}
),

final as (
    select
        'opportunity' as record_type,
        opportunity_key as record_key,
        tenant,
        source_system,
        source_id,
        case_id,
        opportunity_key,
        pipeline_id
    from opportunities

    union all

    -- A lead runs in the process of the opportunity it became.
    select
        'lead' as record_type,
        leads.lead_key as record_key,
        leads.tenant,
        leads.source_system,
        leads.source_id,
        leads.case_id,
        leads.opportunity_key,
        coalesce(opportunities.pipeline_id, 'default') as pipeline_id
    from leads
    left join opportunities
        on leads.opportunity_key = opportunities.opportunity_key
)

select * from final
