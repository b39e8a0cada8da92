{{ config(materialized='incremental', pre_hook="{{ forget_changed('opportunity_key') }}") }}

with

states as (
    select
        opportunity_key,
        tenant,
        opportunity_source_id,
        valid_from_date,
        valid_to_date,
        pipeline_id,
        stage_id,
        owner_source_id,
        amount,
        close_date,
        is_backfilled_history,
        currency_code,
        is_open
    from {{ of_changed(ref('int_opportunity_states'), 'opportunity_key') }}
),

final as (
    select
        opportunity_key,
        tenant,
        opportunity_source_id,
        valid_from_date,
        valid_to_date,
        pipeline_id,
        stage_id,
        owner_source_id,
        amount,
        close_date,
        is_backfilled_history,
        currency_code
    from states
    where is_open
)

select * from final
