{{ config(materialized='view') }}

with

entries as (
    select
        tenant,
        source_system,
        case_id,
        source_id,
        opportunity_key,
        pipeline_id,
        stage_id,
        stage_order,
        stage_kind,
        entered_at,
        entered_date,
        entered_month,
        owner_source_id_at_entry,
        is_qualified,
        amount_in_tenant_currency as amount,
        tenant_currency_code as currency_code,
        record_type = 'opportunity' as is_of_opportunity,
        max(case when record_type = 'opportunity' then 1 else 0 end) over (
            partition by tenant, case_id
            order by entered_at, stage_order, source_id
            rows between unbounded preceding and current row
        ) = 1 as is_since_opportunity
    from {{ of_changed(ref('fct_stage_event'), 'tenant, case_id') }}
),

-- From its first entry on, only the opportunity itself says where the case stands.
path as (
    select
        *,
        lag(stage_id) over (
            partition by tenant, case_id
            order by entered_at, stage_order, source_id
        ) as previous_stage_id
    from entries
    where is_of_opportunity or not is_since_opportunity
),

final as (
    select
        tenant,
        source_system,
        case_id,
        opportunity_key,
        pipeline_id,
        stage_id,
        stage_order,
        stage_kind,
        entered_at,
        entered_date,
        entered_month,
        owner_source_id_at_entry,
        is_qualified,
        amount,
        currency_code,
        previous_stage_id as from_stage_id,
        row_number() over in_order as stay_number,
        lag(stage_order) over in_order as from_stage_order,
        lag(stage_kind) over in_order as from_stage_kind,
        lead(entered_at) over in_order as left_at,
        lead(stage_id) over in_order as next_stage_id,
        row_number() over (
            partition by tenant, case_id, stage_id
            order by entered_at, stage_order, source_id
        ) = 1 as is_first_in_stage
    from path
    where previous_stage_id is null or previous_stage_id <> stage_id
    window
        in_order as (
            partition by tenant, case_id order by entered_at, stage_order, source_id
        )
)

select * from final
