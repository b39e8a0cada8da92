with

opportunities as (
    select
        opportunity_key,
        owner_source_id,
        closed_at
    from {{ ref('int_opportunities__unioned') }}
    where is_closed and closed_at is not null
),

owners as (
    select
        record_key,
        owner_source_id,
        valid_from_at,
        valid_to_at
    from {{ ref('int_owner_intervals') }}
    where record_type = 'opportunity'
),

-- A cleared owner is nobody: only where there is no change is it the owner now.
final as (
    select
        opportunities.opportunity_key,
        case
            when owners.record_key is not null then owners.owner_source_id
            else opportunities.owner_source_id
        end as owner_source_id_at_close
    from opportunities
    left join owners
        on
            opportunities.opportunity_key = owners.record_key
            and {{ is_valid_at('opportunities.closed_at', 'owners') }}
)

select * from final
