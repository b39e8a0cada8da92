{{ config(materialized='incremental', pre_hook="{{ forget_changed('opportunity_key') }}") }}

with

setters as (
    select * from {{ ref('int_opportunity_setters') }}
),

changes as (
    select * from {{ of_changed(ref('int_opportunity_changes'), 'opportunity_key') }}
),

records as (
    select
        opportunities.opportunity_key,
        opportunities.stage_name,
        opportunities.amount,
        opportunities.currency_code,
        opportunities.close_date,
        opportunities.owner_source_id,
        names.stage_id,
        names.stage_kind
    from {{ of_changed(ref('fct_opportunity'), 'opportunity_key') }} as opportunities
    left join {{ ref('int_stage_names') }} as names
        on
            opportunities.source_system = names.source_system
            and opportunities.tenant = names.tenant
            and opportunities.pipeline_id = names.pipeline_id
            and opportunities.stage_name = names.stage_name
            and names.record_type = 'opportunity'
            and names.entered_date = {{ as_of_date() }}
),

-- The record has the last word where nothing set a field after it was written. Its stage is told
-- apart by name, for policy may call the same name differently now.
told as (
    select
        setters.*,
        stages.opportunity_key is null
        or (
            setters.written_number > setters.stage_setter
            and records.stage_id is not null
            and records.stage_name <> stages.stage_name
        ) as is_stage_of_record,
        coalesce(setters.written_number > setters.amount_setter, true) as is_amount_of_record,
        coalesce(setters.written_number > setters.close_date_setter, true) as is_date_of_record,
        coalesce(setters.written_number > setters.owner_setter, true) as is_owner_of_record,
        amounts.amount,
        amounts.old_amount,
        dates.close_date,
        dates.old_close_date,
        owners.owner_source_id,
        owners.old_owner_source_id,
        stages.stage_id,
        stages.stage_kind,
        stages.currency_code,
        records.amount as record_amount,
        records.currency_code as record_currency_code,
        records.close_date as record_close_date,
        records.owner_source_id as record_owner_source_id,
        records.stage_id as record_stage_id,
        records.stage_kind as record_stage_kind
    from setters
    inner join records
        on setters.opportunity_key = records.opportunity_key
    left join changes as stages
        on
            setters.opportunity_key = stages.opportunity_key
            and setters.stage_setter = stages.change_number
    left join changes as amounts
        on
            setters.opportunity_key = amounts.opportunity_key
            and setters.amount_setter = amounts.change_number
    left join changes as dates
        on
            setters.opportunity_key = dates.opportunity_key
            and setters.close_date_setter = dates.change_number
    left join changes as owners
        on
            setters.opportunity_key = owners.opportunity_key
            and setters.owner_setter = owners.change_number
),

final as (
    select
        opportunity_key,
        changed_at,
        next_changed_at,
        changed_date,
        is_last_of_day,
        case when is_stage_of_record then record_stage_id else stage_id end as stage_id,
        case when is_stage_of_record then record_stage_kind else stage_kind end as stage_kind,
        case when is_stage_of_record then record_currency_code
            else coalesce(currency_code, record_currency_code)
        end as currency_code,
        case
            when is_amount_of_record then record_amount
            when is_before_amounts then old_amount
            else amount
        end as amount,
        case
            when is_date_of_record then record_close_date
            when is_before_dates then old_close_date
            else close_date
        end as close_date,
        case
            when is_owner_of_record then record_owner_source_id
            when is_before_owners then old_owner_source_id
            else owner_source_id
        end as owner_source_id,
        is_stage_of_record
        or amount_setter is null or close_date_setter is null or owner_setter is null
        or (is_amount_of_record and record_amount is distinct from amount)
        or (is_date_of_record and record_close_date is distinct from close_date)
        or (is_owner_of_record and record_owner_source_id is distinct from owner_source_id)
            as is_of_record
    from told
)

select * from final
