{{ config(materialized='view') }}

with

changes as (
    select
        opportunity_key,
        change_number,
        changed_at,
        changed_date,
        is_record,
        sets_stage,
        sets_amount,
        sets_close_date,
        sets_owner
    from {{ of_changed(ref('int_opportunity_changes'), 'opportunity_key') }}
),

-- For each field the last change that set it, and the first that ever does.
numbered as (
    select
        opportunity_key,
        change_number,
        changed_at,
        changed_date,
        lead(changed_at) over path as next_changed_at,
        lead(changed_date) over path as next_changed_date,
        max(case when is_record then change_number end) over deal as record_number,
        max(case when sets_stage then change_number end) over path as stage_number,
        max(case when sets_amount then change_number end) over path as amount_number,
        max(case when sets_close_date then change_number end) over path as close_date_number,
        max(case when sets_owner then change_number end) over path as owner_number,
        min(case when sets_stage then change_number end) over deal as first_stage_number,
        min(case when sets_amount then change_number end) over deal as first_amount_number,
        min(case when sets_close_date then change_number end) over deal as first_close_date_number,
        min(case when sets_owner then change_number end) over deal as first_owner_number
    from changes
    window
        deal as (partition by opportunity_key),
        path as (
            partition by opportunity_key order by change_number
            rows between unbounded preceding and current row
        )
),

-- The state of an instant is that after its last change; so is that of a day.
final as (
    select
        opportunity_key,
        changed_at,
        next_changed_at,
        changed_date,
        coalesce(next_changed_date > changed_date, true) as is_last_of_day,
        coalesce(stage_number, first_stage_number) as stage_setter,
        coalesce(amount_number, first_amount_number) as amount_setter,
        amount_number is null as is_before_amounts,
        coalesce(close_date_number, first_close_date_number) as close_date_setter,
        close_date_number is null as is_before_dates,
        coalesce(owner_number, first_owner_number) as owner_setter,
        owner_number is null as is_before_owners,
        case when change_number >= record_number then record_number else 0 end as written_number
    from numbered
    where next_changed_at is null or next_changed_at > changed_at
)

select * from final
