with

activities as (
    select
        source_tenant as tenant,
        source_system,
        source_id,
        owner_source_id,
        activity_type,
        due_date,
        reminder_at,
        opportunity_source_id,
        lead_source_id,
        account_source_id
    from {{ ref('int_activities__unioned') }}
    where
        not is_deleted
        and not coalesce(is_completed, false)
        and due_date <= {{ as_of_date() }}
),

reps as (
    select
        tenant,
        source_system,
        source_id,
        manager_source_id,
        coalesce(not is_active, false) or coalesce(ended_on <= {{ as_of_date() }}, false)
            as is_inactive
    from {{ ref('dim_rep') }}
),

deals as (
    select
        tenant,
        source_system,
        opportunity_source_id,
        outcome,
        customer_source_id,
        next_step
    from {{ ref('int_deals') }}
),

survivors as (
    select
        tenant,
        source_id,
        survivor_source_id
    from {{ ref('int_account_survivors') }}
),

-- A reminder that was put off past the due date is the new due date.
due as (
    select
        activities.*,
        greatest(
            activities.due_date,
            coalesce(
                {{ to_reporting_date('activities.reminder_at', 'tenants.reporting_timezone') }},
                activities.due_date
            )
        ) as followup_date
    from activities
    left join {{ ref('dim_tenant') }} as tenants
        on activities.tenant = tenants.tenant
),

final as (
    select
        due.tenant,
        due.source_system,
        due.source_id as activity_source_id,
        due.owner_source_id,
        owners.is_inactive as is_owner_inactive,
        case
            when not coalesce(owners.is_inactive, false) then due.owner_source_id
            when not managers.is_inactive then managers.source_id
        end as responsible_source_id,
        due.activity_type,
        due.due_date,
        due.followup_date,
        due.followup_date > due.due_date as is_snoozed,
        {{ days_between('due.followup_date', as_of_date()) }} as overdue_days,
        due.opportunity_source_id,
        due.lead_source_id,
        deals.outcome as deal_outcome,
        deals.next_step,
        coalesce(
            survivors.survivor_source_id, due.account_source_id, deals.customer_source_id
        ) as account_source_id
    from due
    left join reps as owners
        on
            due.tenant = owners.tenant
            and due.source_system = owners.source_system
            and due.owner_source_id = owners.source_id
    left join reps as managers
        on
            owners.tenant = managers.tenant
            and owners.source_system = managers.source_system
            and owners.manager_source_id = managers.source_id
    left join deals
        on
            due.tenant = deals.tenant
            and due.source_system = deals.source_system
            and due.opportunity_source_id = deals.opportunity_source_id
    left join survivors
        on
            due.tenant = survivors.tenant
            and due.account_source_id = survivors.source_id
    where due.followup_date <= {{ as_of_date() }}
)

select * from final
