{{ config(materialized='view') }}

with

leads as (
    select
        lead_key,
        created_at,
        case when converted_at < {{ as_of_at() }} then converted_at end as converted_at
    from {{ ref('fct_lead') }}
),

entries as (
    select
        record_key as lead_key,
        entered_at,
        stage_kind,
        stage_order,
        first_value(stage_order) over path as first_stage_order,
        row_number() over (
            partition by record_key order by entered_at desc, stage_order desc, source_id desc
        ) = 1 as is_latest
    from {{ ref('int_stage_entries') }}
    where record_type = 'lead'
    window path as (partition by record_key order by entered_at, stage_order, source_id)
),

-- What the vendor sets in the act of conversion is no qualification: it comes too late.
moved as (
    select
        leads.lead_key,
        max(case when entries.entered_at > leads.created_at then 1 else 0 end) as was_moved,
        max(
            case
                when
                    {{ is_counted('entries.stage_kind') }}
                    and entries.stage_order > entries.first_stage_order
                    and (
                        leads.converted_at is null
                        or entries.entered_at < leads.converted_at
                    )
                    then 1
                else 0
            end
        ) as was_qualified,
        max(
            case when entries.is_latest and {{ is_lost('entries.stage_kind') }} then 1 else 0 end
        ) as ends_lost
    from leads
    inner join entries
        on leads.lead_key = entries.lead_key
    group by leads.lead_key
),

contacted as (
    select {{ surrogate_key('source_system', 'tenant', 'lead_source_id') }} as lead_key
    from {{ ref('fct_activity') }}
    where is_completed and lead_source_id is not null
    group by {{ surrogate_key('source_system', 'tenant', 'lead_source_id') }}
),

final as (
    select
        leads.lead_key,
        leads.converted_at,
        leads.converted_at is not null
        or contacted.lead_key is not null
        or coalesce(moved.was_moved = 1, false) as is_worked,
        coalesce(moved.was_qualified = 1, false) as is_qualified,
        leads.converted_at is null and coalesce(moved.ends_lost = 1, false) as is_disqualified
    from leads
    left join moved
        on leads.lead_key = moved.lead_key
    left join contacted
        on leads.lead_key = contacted.lead_key
)

select * from final
