{{ config(materialized='view') }}

with

reps as (
    select
        rep_key,
        employee_number,
        region
    from {{ ref('dim_rep') }}
),

assignments as (
    select
        places.tenant,
        places.employee_number,
        places.region
    from {{ ref('stg_policy__rep_assignment') }} as places
    where {{ is_valid_on(as_of_date(), 'places') }}
),

leads as (
    select
        tenant,
        case_id,
        owner_key
    from {{ ref('fct_lead') }}
    where opportunity_key is null
),

final as (
    select
        tenant,
        case_id,
        employee_number,
        region,
        outcome = 'won' as is_won
    from {{ ref('int_deals') }}

    union all

    select
        leads.tenant,
        leads.case_id,
        reps.employee_number,
        coalesce(assignments.region, reps.region, '(unknown)') as region,
        false as is_won
    from leads
    left join reps
        on leads.owner_key = reps.rep_key
    left join assignments
        on
            leads.tenant = assignments.tenant
            and reps.employee_number = assignments.employee_number
)

select * from final
