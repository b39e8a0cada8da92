{{ config(materialized='incremental', pre_hook="{{ forget_changed('opportunity_key') }}") }}

with

opportunities as (
    select
        opportunity_key,
        tenant,
        source_id,
        pipeline_id,
        created_date,
        -- Closed nobody knows when, a deal is open at no time.
        case when is_closed then coalesce(closed_date, created_date) end as closed_date
    from {{ of_changed(ref('fct_opportunity'), 'opportunity_key') }}
),

day_states as (
    select
        states.*,
        opportunities.tenant,
        opportunities.source_id as opportunity_source_id,
        opportunities.pipeline_id,
        coalesce(
            states.stage_kind = 'open'
            and states.changed_date >= opportunities.created_date
            and (
                opportunities.closed_date is null
                or states.changed_date < opportunities.closed_date
            ),
            false
        ) as is_open
    from {{ of_changed(ref('int_opportunity_instant_states'), 'opportunity_key') }} as states
    inner join opportunities
        on states.opportunity_key = opportunities.opportunity_key
    where states.is_last_of_day
),

tenants as (
    select
        tenant,
        currency_code
    from {{ ref('dim_tenant') }}
),

compared as (
    select
        *,
        row_number() over path as day_number,
        lag(is_open) over path as last_is_open,
        lag(stage_id) over path as last_stage_id,
        lag(amount) over path as last_amount,
        lag(currency_code) over path as last_currency_code,
        lag(close_date) over path as last_close_date,
        lag(owner_source_id) over path as last_owner_source_id
    from day_states
    window path as (partition by opportunity_key order by changed_date)
),

new_states as (
    select *
    from compared
    where
        day_number = 1
        or is_open <> last_is_open
        or stage_id is distinct from last_stage_id
        or amount is distinct from last_amount
        or currency_code is distinct from last_currency_code
        or close_date is distinct from last_close_date
        or owner_source_id is distinct from last_owner_source_id
),

final as (
    select
        new_states.opportunity_key,
        new_states.tenant,
        new_states.opportunity_source_id,
        new_states.pipeline_id,
        new_states.changed_date as valid_from_date,
        lead(new_states.changed_date) over (
            partition by new_states.opportunity_key order by new_states.changed_date
        ) as valid_to_date,
        new_states.is_open,
        new_states.stage_id,
        new_states.stage_kind,
        new_states.owner_source_id,
        {{ rd_rate('new_states.amount', 'plan_rates.rate') }} as amount,
        new_states.close_date,
        new_states.is_of_record as is_backfilled_history,
        tenants.currency_code
    from new_states
    left join tenants
        on new_states.tenant = tenants.tenant
    {{ join_plan_rate(
        'new_states.currency_code', 'tenants.currency_code', 'new_states.changed_date'
    ) }}
)

select * from final
