{{ config(materialized='view') }}

with

kinds as (
    select
        scopes.scope_kind,
        lengths.period_type
    from (values ('owner'), ('team'), ('region')) as scopes (scope_kind)
    cross join (values ('month'), ('quarter'), ('year')) as lengths (period_type)
),

scoped as (
    select
        places.*,
        kinds.scope_kind,
        case kinds.scope_kind
            when 'owner' then places.owner_source_id
            when 'team' then places.team
            else places.region
        end as scope_id,
        kinds.period_type,
        case kinds.period_type
            when 'month' then places.cohort_month
            when 'quarter' then {{ quarter_of('places.cohort_month') }}
            else {{ year_of('places.cohort_month') }}
        end as period_start
    from {{ ref('int_funnel_by_owner_place') }} as places
    cross join kinds
),

final as (
    select
        tenant,
        pipeline_id,
        owner_basis,
        scope_kind,
        scope_id,
        period_type,
        period_start,
        from_stage_id,
        to_stage_id,
        currency_code,
        cast(sum(entered_count) as bigint) as entered_count,
        cast(sum(reached_count) as bigint) as reached_count,
        cast(sum(skipped_count) as bigint) as skipped_count,
        cast(sum(open_count) as bigint) as open_count,
        cast(sum(qualified_entered_count) as bigint) as qualified_entered_count,
        cast(sum(qualified_reached_count) as bigint) as qualified_reached_count,
        cast(sum(qualified_entered_amount) as decimal(18, 2)) as qualified_entered_amount,
        cast(sum(unqualified_entered_amount) as decimal(18, 2)) as unqualified_entered_amount
    from scoped
    group by
        tenant,
        pipeline_id,
        owner_basis,
        scope_kind,
        scope_id,
        period_type,
        period_start,
        from_stage_id,
        to_stage_id,
        currency_code
)

select * from final
