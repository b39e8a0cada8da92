{{ config(materialized='view') }}

with

states as (
    select
        opportunity_key,
        tenant,
        pipeline_id,
        valid_from_date,
        {{ week_of('valid_from_date') }} as week_start_date,
        is_open,
        amount,
        close_date,
        stage_kind,
        currency_code
    from {{ ref('int_opportunity_states') }}
),

placed as (
    select
        *,
        lag(is_open) over path as is_open_before,
        lag(amount) over path as amount_before,
        lag(close_date) over path as close_date_before,
        row_number() over week_path as number_in_week,
        count(*) over week as states_in_week
    from states
    window
        path as (partition by opportunity_key order by valid_from_date),
        week as (partition by opportunity_key, week_start_date),
        week_path as (
            partition by opportunity_key, week_start_date order by valid_from_date
        )
),

-- Before the week is what its first new state replaced, after it what its last one is.
final as (
    select
        opportunity_key,
        tenant,
        pipeline_id,
        week_start_date,
        currency_code,
        max(case when number_in_week = 1 and is_open_before then 1 else 0 end) = 1
            as is_open_before,
        max(case when number_in_week = 1 then amount_before end) as amount_before,
        max(case when number_in_week = 1 then close_date_before end) as close_date_before,
        max(case when number_in_week = states_in_week and is_open then 1 else 0 end) = 1
            as is_open_after,
        max(case when number_in_week = states_in_week then amount end) as amount_after,
        max(case when number_in_week = states_in_week then close_date end) as close_date_after,
        max(case when number_in_week = states_in_week then stage_kind end) as stage_kind_after,
        max(case when is_open then 1 else 0 end) = 1 as is_open_within
    from placed
    group by
        opportunity_key,
        tenant,
        pipeline_id,
        week_start_date,
        currency_code
)

select * from final
