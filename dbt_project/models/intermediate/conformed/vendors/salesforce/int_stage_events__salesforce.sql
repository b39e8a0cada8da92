with

opportunity_history as (
    select * from {{ latest_known(ref('stg_salesforce__opportunity_history'), 'id') }}
),

lead_history as (
    select * from {{ latest_known(ref('stg_salesforce__lead_history'), 'id') }}
),

-- The history also has a row when only the amount, the date or the odds change.
ordered_history as (
    select
        *,
        lag(stage_name) over (
            partition by source_tenant, opportunity_id order by created_at, id
        ) as previous_stage_name
    from opportunity_history
    where not is_deleted
),

entries as (
    select
        source_tenant,
        id,
        'opportunity' as record_type,
        opportunity_id as record_id,
        stage_name,
        created_at,
        amount,
        currency_code,
        close_date,
        created_by_id,
        _recorded_at,
        _is_backfilled,
        is_deleted
    from ordered_history
    where previous_stage_name is null or stage_name <> previous_stage_name

    union all

    select
        source_tenant,
        id,
        'lead' as record_type,
        lead_id as record_id,
        new_value as stage_name,
        created_at,
        cast(null as decimal(18, 2)) as amount,
        cast(null as string) as currency_code,
        cast(null as date) as close_date,
        created_by_id,
        _recorded_at,
        _is_backfilled,
        is_deleted
    from lead_history
    where field = 'Status' and not is_deleted
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'source_tenant', 'id') }} as stage_event_key,
        'salesforce' as source_system,
        source_tenant,
        id as source_id,
        record_type,
        record_id as record_source_id,
        stage_name,
        created_at as entered_at,
        amount,
        currency_code,
        close_date,
        created_by_id as changed_by_source_id,
        created_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from entries
)

select * from final
