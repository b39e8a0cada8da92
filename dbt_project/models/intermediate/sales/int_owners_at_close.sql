with

opportunities as (
    select
        opportunity_key,
        owner_source_id,
        closed_at
    from {{ ref('int_opportunities__unioned') }}
    where is_closed and closed_at is not null
),

owner_changes as (
    select
        {{ surrogate_key('source_system', 'source_tenant', 'record_source_id') }}
            as opportunity_key,
        source_id,
        old_value,
        new_value,
        changed_at
    from {{ ref('int_field_changes__unioned') }}
    where
        record_type = 'opportunity'
        and field_name = 'owner'
        and not is_deleted
        and changed_at < {{ as_of_at() }}
),

placed as (
    select
        opportunities.opportunity_key,
        owner_changes.source_id,
        owner_changes.old_value,
        owner_changes.new_value,
        owner_changes.changed_at,
        owner_changes.changed_at <= opportunities.closed_at as is_by_close
    from opportunities
    inner join owner_changes
        on opportunities.opportunity_key = owner_changes.opportunity_key
),

-- The latest change by the close comes first; failing one, the earliest after it.
ranked as (
    select
        opportunity_key,
        old_value,
        new_value,
        is_by_close,
        row_number() over (
            partition by opportunity_key, is_by_close
            order by changed_at desc, source_id desc
        ) as rank_from_last,
        row_number() over (
            partition by opportunity_key, is_by_close
            order by changed_at, source_id
        ) as rank_from_first
    from placed
),

by_close as (
    select
        opportunity_key,
        new_value
    from ranked
    where is_by_close and rank_from_last = 1
),

after_close as (
    select
        opportunity_key,
        old_value
    from ranked
    where not is_by_close and rank_from_first = 1
),

-- A cleared owner is nobody: only where there is no change does the next rule speak.
final as (
    select
        opportunities.opportunity_key,
        case
            when by_close.opportunity_key is not null then by_close.new_value
            when after_close.opportunity_key is not null then after_close.old_value
            else opportunities.owner_source_id
        end as owner_source_id_at_close
    from opportunities
    left join by_close
        on opportunities.opportunity_key = by_close.opportunity_key
    left join after_close
        on opportunities.opportunity_key = after_close.opportunity_key
)

select * from final
