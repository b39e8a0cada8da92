{{ config(materialized='view') }}

with

opportunities as (
    select
        *,
        is_closed and coalesce(closed_at < {{ as_of_at() }}, false) as is_ended
    from {{ ref('fct_opportunity') }}
),

entries as (
    select
        opportunity_key,
        max(case when is_qualified then 0 else 1 end) = 0 as is_qualified,
        max(case when is_latest_of_record then stage_kind end) as latest_stage_kind
    from {{ ref('fct_stage_event') }}
    where record_type = 'opportunity'
    group by opportunity_key
),

survivors as (
    select
        tenant,
        source_id,
        survivor_source_id
    from {{ ref('int_account_survivors') }}
),

-- A deal without entries broke no rule.
judged as (
    select
        opportunities.*,
        coalesce(survivors.survivor_source_id, opportunities.account_source_id)
            as customer_source_id,
        coalesce(entries.is_qualified, true) as is_qualified,
        case
            when not opportunities.is_ended then 'open'
            when opportunities.is_won then 'won'
            when entries.latest_stage_kind = 'disqualified' then 'disqualified'
            else 'lost'
        end as outcome
    from opportunities
    left join entries
        on opportunities.opportunity_key = entries.opportunity_key
    left join survivors
        on
            opportunities.tenant = survivors.tenant
            and opportunities.account_source_id = survivors.source_id
),

-- A deal without an account is a customer by itself.
compared as (
    select
        *,
        row_number() over (
            partition by
                tenant,
                customer_source_id,
                case when customer_source_id is null then opportunity_key end,
                case when outcome = 'won' then 1 else 0 end
            order by closed_at, source_id
        ) as number_among_won,
        min(case when outcome = 'won' then closed_at end) over (
            partition by
                tenant,
                customer_source_id,
                case when customer_source_id is null then opportunity_key end
        ) as first_won_at
    from judged
),

final as (
    select
        *,
        case
            when outcome = 'won' and number_among_won = 1 then 'new'
            when outcome = 'won' then 'repeat'
            when first_won_at < created_at then 'repeat'
            else 'new'
        end as new_or_repeat
    from compared
)

select * from final
