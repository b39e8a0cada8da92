with

open_states as (
    select
        opportunity_key,
        tenant,
        pipeline_id,
        owner_source_id,
        stage_id,
        coalesce(close_date < {{ as_of_date() }}, false) as is_past_due,
        currency_code
    from {{ ref('fct_opportunity_interval') }}
    where valid_to_date is null
),

deals as (
    select
        opportunity_key,
        amount_at_as_of as amount,
        probability_rate as given_rate,
        is_qualified
    from {{ ref('int_deals') }}
),

stage_rates as (
    select
        rates.pipeline_id,
        rates.stage_id,
        rates.probability_rate
    from {{ ref('stg_policy__stage_probability') }} as rates
    where {{ is_valid_on(as_of_date(), 'rates') }}
),

win_rates as (
    select
        tenant,
        pipeline_id,
        stage_id,
        closed_count,
        probability_rate
    from {{ ref('int_stage_win_rates') }}
),

-- Only what may still close in time is weighted: an amount past its date is shown beside it.
weighed as (
    select
        open_states.*,
        case when open_states.is_past_due then 0 else 1 end as counts,
        case when not open_states.is_past_due then deals.amount end as amount,
        case when open_states.is_past_due then deals.amount end as past_due_amount,
        deals.given_rate,
        deals.is_qualified,
        coalesce(own_rates.probability_rate, house_rates.probability_rate) as stage_rate,
        win_rates.probability_rate as calibrated_rate,
        win_rates.closed_count
    from open_states
    inner join deals
        on open_states.opportunity_key = deals.opportunity_key
    left join stage_rates as own_rates
        on
            open_states.pipeline_id = own_rates.pipeline_id
            and open_states.stage_id = own_rates.stage_id
    left join stage_rates as house_rates
        on
            house_rates.pipeline_id = '*'
            and open_states.stage_id = house_rates.stage_id
    left join win_rates
        on
            open_states.tenant = win_rates.tenant
            and open_states.pipeline_id = win_rates.pipeline_id
            and open_states.stage_id = win_rates.stage_id
),

final as (
    select
        tenant,
        pipeline_id,
        owner_source_id,
        stage_id,
        cast(sum(counts) as bigint) as open_count,
        cast(sum(amount) as decimal(18, 2)) as open_amount,
        cast(sum(1 - counts) as bigint) as past_due_count,
        cast(sum(past_due_amount) as decimal(18, 2)) as past_due_amount,
        cast(sum({{ rd_rate('amount', 'given_rate') }}) as decimal(18, 2))
            as given_weighted_amount,
        cast(sum(case when given_rate is null then counts else 0 end) as bigint)
            as given_missing_count,
        cast(sum({{ rd_rate('amount', 'stage_rate') }}) as decimal(18, 2))
            as stage_weighted_amount,
        cast(sum({{ rd_rate('amount', 'calibrated_rate') }}) as decimal(18, 2))
            as calibrated_weighted_amount,
        max(calibrated_rate) as calibrated_probability_rate,
        cast(coalesce(max(closed_count), 0) as bigint) as calibrated_deal_count,
        {{ sum_of_variances('amount', 'calibrated_rate') }} as weighted_variance,
        cast(
            round(sqrt({{ sum_of_variances('amount', 'calibrated_rate') }}), 2) as decimal(18, 2)
        ) as weighted_standard_deviation,
        cast(sum(case when is_qualified then counts else 0 end) as bigint)
            as qualified_open_count,
        cast(sum(case when is_qualified then amount end) as decimal(18, 2))
            as qualified_open_amount,
        currency_code
    from weighed
    group by
        tenant,
        pipeline_id,
        owner_source_id,
        stage_id,
        currency_code
)

select * from final
