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
    from {{ ref('int_opportunity_states') }}
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
