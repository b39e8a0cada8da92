with

revisions as (
    select * from {{ latest_known(ref('stg_tryton__opportunity_revision'), 'id') }}
),

latest_opportunities as (
    select * from {{ latest_known(ref('stg_tryton__opportunity'), 'id') }}
),

latest_users as (
    select * from {{ latest_known(ref('stg_tryton__user'), 'id') }}
),

-- A revision is anything that was written; an entry is a revision with another state.
ordered_revisions as (
    select
        *,
        lag(state) over (
            partition by source_tenant, opportunity order by modified_at, id
        ) as previous_state
    from revisions
),

final as (
    select
        {{ surrogate_key("'tryton'", 'ordered_revisions.source_tenant', 'ordered_revisions.id') }}
            as stage_event_key,
        'tryton' as source_system,
        ordered_revisions.source_tenant,
        ordered_revisions.id as source_id,
        'opportunity' as record_type,
        ordered_revisions.opportunity as record_source_id,
        ordered_revisions.state as stage_name,
        ordered_revisions.modified_at as entered_at,
        ordered_revisions.amount,
        ordered_revisions.currency_code,
        ordered_revisions.end_date as close_date,
        latest_users.employee as changed_by_source_id,
        ordered_revisions.modified_at as effective_at,
        ordered_revisions._recorded_at as recorded_at,
        ordered_revisions._is_backfilled as is_backfilled,
        coalesce(latest_opportunities.is_deleted, false) as is_deleted
    from ordered_revisions
    left join latest_opportunities
        on
            ordered_revisions.source_tenant = latest_opportunities.source_tenant
            and ordered_revisions.opportunity = latest_opportunities.id
    left join latest_users
        on
            ordered_revisions.source_tenant = latest_users.source_tenant
            and ordered_revisions.changed_by = latest_users.id
    where
        ordered_revisions.previous_state is null
        or ordered_revisions.state <> ordered_revisions.previous_state
)

select * from final
