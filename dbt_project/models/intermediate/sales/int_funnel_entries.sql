with

events as (
    select
        tenant,
        source_system,
        case_id,
        pipeline_id,
        stage_id,
        stage_order,
        entered_date,
        entered_month,
        owner_source_id_at_entry,
        owner_source_id_now,
        is_qualified,
        is_first_of_case_in_stage,
        {{ is_counted('stage_kind') }} as is_counted,
        is_latest_of_case and {{ is_lost('stage_kind') }} as is_lost,
        amount_in_tenant_currency,
        tenant_currency_code
    from {{ ref('fct_stage_event') }}
),

-- Stages stand between bars, so that none is found within the name of another.
cases as (
    select
        tenant,
        case_id,
        max(case when is_counted then stage_order end) as furthest_order,
        {{ joined_texts(
            "case when is_counted and is_first_of_case_in_stage then '|' || stage_id || '|' end",
            'stage_id'
        ) }} as entered_stages,
        max(case when is_lost then 1 else 0 end) = 1 as is_lost
    from events
    group by
        tenant,
        case_id
),

final as (
    select
        events.tenant,
        events.source_system,
        events.pipeline_id,
        events.entered_month as cohort_month,
        events.entered_date as cohort_date,
        events.stage_id,
        events.stage_order,
        events.owner_source_id_at_entry,
        events.owner_source_id_now,
        events.is_qualified,
        cases.furthest_order,
        cases.entered_stages,
        cases.is_lost,
        events.tenant_currency_code as currency_code,
        count(*) as entry_count,
        sum(events.amount_in_tenant_currency) as amount_in_tenant_currency
    from events
    inner join cases
        on
            events.tenant = cases.tenant
            and events.case_id = cases.case_id
    where events.is_first_of_case_in_stage and events.is_counted
    group by
        events.tenant,
        events.source_system,
        events.pipeline_id,
        events.entered_month,
        events.entered_date,
        events.stage_id,
        events.stage_order,
        events.owner_source_id_at_entry,
        events.owner_source_id_now,
        events.is_qualified,
        cases.furthest_order,
        cases.entered_stages,
        cases.is_lost,
        events.tenant_currency_code
)

select * from final
