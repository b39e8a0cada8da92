with

latest_opportunities as (
    select * from {{ latest_known(ref('stg_tryton__opportunity'), 'id') }}
),

stage_events as (
    select
        source_tenant,
        record_source_id,
        stage_name,
        entered_at
    from {{ ref('int_stage_events__tryton') }}
),

last_entries as (
    select
        source_tenant,
        record_source_id,
        stage_name,
        max(entered_at) as entered_at
    from stage_events
    group by
        source_tenant,
        record_source_id,
        stage_name
),

judged as (
    select
        latest_opportunities.*,
        coalesce(latest_opportunities.state in ('won', 'lost', 'cancelled'), false) as is_closed,
        last_entries.entered_at
    from latest_opportunities
    left join last_entries
        on
            latest_opportunities.source_tenant = last_entries.source_tenant
            and latest_opportunities.id = last_entries.record_source_id
            and latest_opportunities.state = last_entries.stage_name
),

final as (
    select
        {{ surrogate_key("'tryton'", 'source_tenant', 'id') }} as opportunity_key,
        'tryton' as source_system,
        source_tenant,
        id as source_id,
        coalesce(nullif(trim(description), ''), number) as name,
        party as account_source_id,
        employee as owner_source_id,
        'default' as pipeline_id,
        state as stage_name,
        amount,
        currency_code,
        probability_rate,
        end_date as close_date,
        cast(null as string) as opportunity_type,
        cast(null as string) as lead_source,
        case when state = 'lost' then lost_reason end as loss_reason,
        cast(null as string) as next_step,
        created_at,
        case when is_closed then entered_at end as closed_at,
        is_closed,
        coalesce(state = 'won', false) as is_won,
        cast(null as timestamp) as discovery_completed_at,
        cast(null as timestamp) as proposal_sent_at,
        cast(null as timestamp) as customer_committed_at,
        cast(null as timestamp) as contract_signed_at,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from judged
)

select * from final
