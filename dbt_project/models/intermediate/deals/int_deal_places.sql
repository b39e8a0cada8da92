{{ config(materialized='view') }}

with

deals as (
    select
        opportunity_key,
        tenant,
        case when outcome = 'open' then owner_source_id else owner_source_id_at_close end
            as responsible_source_id,
        case when outcome = 'open' then owner_key else owner_key_at_close end as responsible_key,
        case when outcome = 'open' then {{ as_of_date() }} else closed_date end as placed_date
    from {{ ref('int_deal_outcomes') }}
),

reps as (
    select
        rep_key,
        employee_number,
        team,
        region
    from {{ ref('dim_rep') }}
),

assignments as (
    select
        tenant,
        employee_number,
        team,
        region,
        valid_from,
        valid_to
    from {{ ref('stg_policy__rep_assignment') }}
),

-- Where policy says nothing of the day, the rep's place now stands in.
final as (
    select
        deals.opportunity_key,
        deals.responsible_source_id,
        reps.employee_number,
        coalesce(assignments.team, reps.team, '(unknown)') as team,
        coalesce(assignments.region, reps.region, '(unknown)') as region
    from deals
    left join reps
        on deals.responsible_key = reps.rep_key
    left join assignments
        on
            deals.tenant = assignments.tenant
            and reps.employee_number = assignments.employee_number
            and {{ is_valid_on('deals.placed_date', 'assignments') }}
)

select * from final
