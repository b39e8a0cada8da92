{{ config(materialized='view') }}

with

states as (
    select
        opportunity_key,
        pipeline_id,
        stage_id,
        owner_source_id,
        valid_from_date,
        valid_to_date,
        is_open
    from {{ ref('int_opportunity_states') }}
    where is_open or stage_kind in ('won', 'collected')
),

deals as (
    select
        opportunity_key,
        tenant,
        customer_source_id,
        created_date
    from {{ ref('int_deals') }}
    where customer_source_id is not null
),

lights as (
    select
        pipeline_id,
        stage_id,
        light,
        valid_from,
        valid_to
    from {{ ref('stg_policy__traffic_light') }}
),

lit as (
    select
        deals.tenant,
        deals.customer_source_id as account_source_id,
        states.owner_source_id,
        states.is_open,
        coalesce(own_lights.light, all_lights.light) as light,
        greatest(states.valid_from_date, deals.created_date) as from_date,
        states.valid_to_date as to_date
    from states
    inner join deals
        on states.opportunity_key = deals.opportunity_key
    left join lights as own_lights
        on
            states.pipeline_id = own_lights.pipeline_id
            and states.stage_id = own_lights.stage_id
            and {{ is_valid_on('states.valid_from_date', 'own_lights') }}
    left join lights as all_lights
        on
            all_lights.pipeline_id = '*'
            and states.stage_id = all_lights.stage_id
            and {{ is_valid_on('states.valid_from_date', 'all_lights') }}
),

-- What a deal adds on its first day in a light it takes away on the day after its last.
final as (
    select
        lit.tenant,
        lit.account_source_id,
        lit.owner_source_id,
        case when edge.sign = 1 then lit.from_date else lit.to_date end as day,
        cast(sum(case when lit.light = 'red' then edge.sign else 0 end) as bigint)
            as red_deals,
        cast(sum(case when lit.light = 'yellow' then edge.sign else 0 end) as bigint)
            as yellow_deals,
        cast(sum(case when lit.light = 'green' then edge.sign else 0 end) as bigint)
            as green_deals,
        cast(sum(case when lit.is_open then edge.sign else 0 end) as bigint) as open_deals
    from lit
    cross join (values (1), (-1)) as edge (sign)
    where
        lit.light is not null
        and (lit.to_date is null or lit.from_date < lit.to_date)
        and (edge.sign = 1 or lit.to_date is not null)
    group by
        lit.tenant,
        lit.account_source_id,
        lit.owner_source_id,
        case when edge.sign = 1 then lit.from_date else lit.to_date end
)

select * from final
