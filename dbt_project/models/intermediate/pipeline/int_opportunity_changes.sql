{{ config(materialized='incremental', pre_hook="{{ forget_changed('opportunity_key') }}") }}

with

opportunities as (
    select
        opportunity_key,
        tenant,
        created_at,
        case when is_closed then closed_at end as closed_at
    from {{ of_changed(ref('fct_opportunity'), 'opportunity_key') }}
),

records as (
    select
        opportunity_key,
        effective_at
    from {{ of_changed(ref('int_opportunities__unioned'), 'opportunity_key') }}
),

tenants as (
    select
        tenant,
        reporting_timezone
    from {{ ref('dim_tenant') }}
),

-- Days on which a deal's state may begin without any change: it is created, closed, written.
moments as (
    select
        opportunities.opportunity_key,
        moment.number = 3 as is_record,
        case moment.number
            when 1 then opportunities.created_at
            when 2 then opportunities.closed_at
            else records.effective_at
        end as changed_at
    from opportunities
    inner join records
        on opportunities.opportunity_key = records.opportunity_key
    cross join (values (1), (2), (3)) as moment (number)
),

changes as (
    select
        *,
        false as is_record
    from {{ ref('int_opportunity_value_changes') }}

    union all

    select
        opportunity_key,
        changed_at,
        case when is_record then 3 else 0 end as change_rank,
        0 as stage_order,
        cast(null as string) as source_id,
        false as sets_stage,
        false as sets_amount,
        false as sets_close_date,
        false as sets_owner,
        cast(null as string) as stage_name,
        cast(null as string) as stage_id,
        cast(null as string) as stage_kind,
        cast(null as string) as currency_code,
        cast(null as decimal(18, 2)) as old_amount,
        cast(null as decimal(18, 2)) as amount,
        cast(null as date) as old_close_date,
        cast(null as date) as close_date,
        cast(null as string) as old_owner_source_id,
        cast(null as string) as owner_source_id,
        is_record
    from moments
    where changed_at < {{ as_of_at() }}
),

final as (
    select
        changes.*,
        {{ to_reporting_date('changes.changed_at', 'tenants.reporting_timezone') }}
            as changed_date,
        row_number() over (
            partition by changes.opportunity_key
            order by
                changes.changed_at, changes.change_rank, changes.stage_order, changes.source_id
        ) as change_number
    from changes
    inner join opportunities
        on changes.opportunity_key = opportunities.opportunity_key
    left join tenants
        on opportunities.tenant = tenants.tenant
)

select * from final
