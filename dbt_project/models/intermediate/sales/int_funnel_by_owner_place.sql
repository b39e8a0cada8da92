with

steps as (
    select
        tenant,
        source_system,
        pipeline_id,
        cohort_month,
        cohort_date,
        from_stage_id,
        to_stage_id,
        owner_source_id_at_entry,
        owner_source_id_now,
        is_qualified,
        is_reached,
        is_entered,
        is_lost,
        amount_in_tenant_currency,
        currency_code
    from {{ ref('int_funnel_paths') }}
    where is_next_stage
),

based as (
    select
        steps.*,
        bases.owner_basis,
        case bases.owner_basis
            when 'at_entry' then steps.owner_source_id_at_entry
            else steps.owner_source_id_now
        end as owner_source_id,
        case bases.owner_basis
            when 'at_entry' then steps.cohort_date
            else {{ as_of_date() }}
        end as placed_date
    from steps
    cross join (values ('at_entry'), ('now')) as bases (owner_basis)
),

reps as (
    select
        tenant,
        source_system,
        source_id,
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

final as (
    select
        based.tenant,
        based.pipeline_id,
        based.owner_basis,
        coalesce(based.owner_source_id, '(none)') as owner_source_id,
        coalesce(assignments.team, reps.team, '(unknown)') as team,
        coalesce(assignments.region, reps.region, '(unknown)') as region,
        based.cohort_month,
        based.from_stage_id,
        based.to_stage_id,
        based.currency_code,
        count(*) as entered_count,
        count(case when based.is_reached then 1 end) as reached_count,
        count(case when based.is_reached and not based.is_entered then 1 end) as skipped_count,
        count(case when not based.is_reached and not based.is_lost then 1 end) as open_count,
        count(case when based.is_qualified then 1 end) as qualified_entered_count,
        count(case when based.is_qualified and based.is_reached then 1 end)
            as qualified_reached_count,
        sum(case when based.is_qualified then based.amount_in_tenant_currency end)
            as qualified_entered_amount,
        sum(case when not based.is_qualified then based.amount_in_tenant_currency end)
            as unqualified_entered_amount
    from based
    left join reps
        on
            based.tenant = reps.tenant
            and based.source_system = reps.source_system
            and based.owner_source_id = reps.source_id
    left join assignments
        on
            based.tenant = assignments.tenant
            and reps.employee_number = assignments.employee_number
            and {{ is_valid_on('based.placed_date', 'assignments') }}
    group by
        based.tenant,
        based.pipeline_id,
        based.owner_basis,
        based.owner_source_id,
        coalesce(assignments.team, reps.team, '(unknown)'),
        coalesce(assignments.region, reps.region, '(unknown)'),
        based.cohort_month,
        based.from_stage_id,
        based.to_stage_id,
        based.currency_code
)

select * from final
