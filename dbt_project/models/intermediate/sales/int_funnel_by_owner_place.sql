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
        entry_count as entered_count,
        case when is_reached then entry_count else 0 end as reached_count,
        case when is_reached and not is_entered then entry_count else 0 end as skipped_count,
        case when not is_reached and not is_lost then entry_count else 0 end as open_count,
        case when is_qualified then entry_count else 0 end as qualified_entered_count,
        case when is_qualified and is_reached then entry_count else 0 end
            as qualified_reached_count,
        case when is_qualified then amount_in_tenant_currency end as qualified_entered_amount,
        case when not is_qualified then amount_in_tenant_currency end
            as unqualified_entered_amount,
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
        cast(sum(based.entered_count) as bigint) as entered_count,
        cast(sum(based.reached_count) as bigint) as reached_count,
        cast(sum(based.skipped_count) as bigint) as skipped_count,
        cast(sum(based.open_count) as bigint) as open_count,
        cast(sum(based.qualified_entered_count) as bigint) as qualified_entered_count,
        cast(sum(based.qualified_reached_count) as bigint) as qualified_reached_count,
        sum(based.qualified_entered_amount) as qualified_entered_amount,
        sum(based.unqualified_entered_amount) as unqualified_entered_amount
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
