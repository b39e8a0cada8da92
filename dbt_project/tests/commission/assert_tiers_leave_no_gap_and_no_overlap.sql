-- On every day on which a tier begins, the tiers of its component follow one another and the last
-- is open: a gap would pay nothing, an overlap twice.
with

tiers as (
    select
        component_id,
        tier_number,
        lower_attainment,
        upper_attainment,
        valid_from,
        valid_to
    from {{ ref('stg_policy__rate_tier') }}
),

days as (
    select component_id, valid_from as day from tiers
    union
    select component_id, valid_to as day from tiers where valid_to is not null
),

tables as (
    select
        days.day,
        tiers.component_id,
        tiers.tier_number,
        tiers.lower_attainment,
        tiers.upper_attainment,
        lead(tiers.lower_attainment) over (
            partition by days.component_id, days.day
            order by tiers.lower_attainment, tiers.tier_number
        ) as next_lower_attainment
    from days
    inner join tiers
        on days.component_id = tiers.component_id and {{ is_valid_on('days.day', 'tiers') }}
)

select
    component_id,
    day,
    tier_number,
    lower_attainment,
    upper_attainment,
    next_lower_attainment
from tables
where
    upper_attainment <> next_lower_attainment
    or (upper_attainment is null) <> (next_lower_attainment is null)
    or upper_attainment <= lower_attainment
