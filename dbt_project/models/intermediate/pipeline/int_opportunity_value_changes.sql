{{ config(materialized='view') }}

with

-- The collection of a deal's cash is no stage that its source moved it to.
stage_entries as (
    select
        *,
        max(amount_at_entry) over (partition by opportunity_key) is not null as tells_amount,
        max(close_date_at_entry) over (partition by opportunity_key) is not null as tells_date
    from {{ of_changed(ref('int_stage_entries'), 'tenant, case_id') }}
    where record_type = 'opportunity' and source_id <> 'collected:' || record_source_id
),

field_changes as (
    select
        *,
        {{ surrogate_key('source_system', 'source_tenant', 'record_source_id') }}
            as opportunity_key,
        case when field_name = 'amount' then try_cast(old_value as decimal(18, 2)) end
            as old_amount,
        case when field_name = 'amount' then try_cast(new_value as decimal(18, 2)) end as amount,
        case when field_name = 'close_date' then try_cast(old_value as date) end as old_close_date,
        case when field_name = 'close_date' then try_cast(new_value as date) end as close_date
    from {{ of_changed(
        ref('int_field_changes__unioned'),
        'source_system, source_tenant, record_type, record_source_id'
    ) }}
    where
        record_type = 'opportunity'
        and field_name in ('amount', 'close_date', 'owner')
        and not is_deleted
        and changed_at < {{ as_of_at() }}
),

-- What was cleared is null; what cannot be read is no change. Of one instant, stages come first.
final as (
    select
        opportunity_key,
        entered_at as changed_at,
        1 as change_rank,
        stage_order,
        source_id,
        true as sets_stage,
        tells_amount as sets_amount,
        tells_date as sets_close_date,
        false as sets_owner,
        stage_name,
        stage_id,
        stage_kind,
        currency_code_at_entry as currency_code,
        amount_at_entry as old_amount,
        amount_at_entry as amount,
        close_date_at_entry as old_close_date,
        close_date_at_entry as close_date,
        cast(null as string) as old_owner_source_id,
        cast(null as string) as owner_source_id
    from stage_entries

    union all

    select
        opportunity_key,
        changed_at,
        2 as change_rank,
        0 as stage_order,
        source_id,
        false as sets_stage,
        field_name = 'amount' as sets_amount,
        field_name = 'close_date' as sets_close_date,
        field_name = 'owner' as sets_owner,
        cast(null as string) as stage_name,
        cast(null as string) as stage_id,
        cast(null as string) as stage_kind,
        cast(null as string) as currency_code,
        old_amount,
        amount,
        old_close_date,
        close_date,
        case when field_name = 'owner' then old_value end as old_owner_source_id,
        case when field_name = 'owner' then new_value end as owner_source_id
    from field_changes
    where
        new_value is null
        or field_name = 'owner'
        or amount is not null
        or close_date is not null
)

select * from final
