{{ config(materialized='incremental', pre_hook="{{ forget_changed('opportunity_key') }}") }}

with

wanted as (
    select distinct evidence from {{ ref('stg_policy__process_milestone') }}
),

opportunities as (
    select
        opportunities.opportunity_key,
        wanted.evidence,
        case wanted.evidence
            when 'discovery_completed_at' then opportunities.discovery_completed_at
            when 'proposal_sent_at' then opportunities.proposal_sent_at
            when 'customer_committed_at' then opportunities.customer_committed_at
            when 'contract_signed_at' then opportunities.contract_signed_at
        end as happened_at
    from {{ of_changed(ref('fct_opportunity'), 'opportunity_key') }} as opportunities
    cross join wanted
    where wanted.evidence not like '%:%'
),

ranked_changes as (
    select
        {{ surrogate_key('source_system', 'source_tenant', 'record_source_id') }}
            as opportunity_key,
        field_name as evidence,
        new_value,
        changed_at,
        row_number() over (
            partition by source_system, source_tenant, record_source_id, field_name
            order by changed_at desc, source_id desc
        ) as rank_from_last
    from {{ of_changed(
        ref('int_field_changes__unioned'),
        'source_system, source_tenant, record_type, record_source_id'
    ) }}
    where
        record_type = 'opportunity'
        and field_name in (select wanted.evidence from wanted)
        and not is_deleted
        and changed_at < {{ as_of_at() }}
),

-- Roles and activities that no longer stand there are what was removed.
signs as (
    select
        {{ surrogate_key('source_system', 'source_tenant', 'opportunity_source_id') }}
            as opportunity_key,
        'contact_role:' || contact_role as evidence,
        created_at as happened_at,
        is_deleted,
        effective_at
    from {{ of_changed(
        ref('int_opportunity_contacts__unioned'),
        'source_system, source_tenant, opportunity_source_id'
    ) }}

    union all

    select
        {{ surrogate_key('source_system', 'source_tenant', 'opportunity_source_id') }}
            as opportunity_key,
        'activity:' || activity_type as evidence,
        occurred_at as happened_at,
        is_deleted,
        effective_at
    from {{ of_changed(
        ref('int_activities__unioned'),
        'source_system, source_tenant, opportunity_source_id'
    ) }}
    where is_completed
),

summed_signs as (
    select
        signs.opportunity_key,
        signs.evidence,
        min(case when not signs.is_deleted then signs.happened_at end) as met_at,
        max(case when signs.is_deleted then signs.effective_at end) as last_removed_at
    from signs
    inner join wanted
        on signs.evidence = wanted.evidence
    where signs.happened_at < {{ as_of_at() }}
    group by
        signs.opportunity_key,
        signs.evidence
),

final as (
    select
        opportunities.opportunity_key,
        opportunities.evidence,
        case when opportunities.happened_at < {{ as_of_at() }} then opportunities.happened_at end
            as met_at,
        case
            when opportunities.happened_at is null and changes.new_value is null
                then changes.changed_at
        end as removed_at
    from opportunities
    left join ranked_changes as changes
        on
            opportunities.opportunity_key = changes.opportunity_key
            and opportunities.evidence = changes.evidence
            and changes.rank_from_last = 1

    union all

    select
        opportunity_key,
        evidence,
        met_at,
        case when met_at is null then last_removed_at end as removed_at
    from summed_signs
)

select * from final
