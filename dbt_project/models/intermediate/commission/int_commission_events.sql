with

receipts as (
    select
        tenant,
        payment_source_id,
        invoice_source_id,
        opportunity_key,
        opportunity_source_id,
        paid_at,
        paid_date,
        period_month,
        gross_amount,
        commissionable_amount,
        currency_code,
        fx_rate_id,
        unlinked_reason,
        amount_reason
    from {{ ref('int_commission_receipts') }}
),

opportunities as (
    select
        opportunity_key,
        is_won,
        owner_key_at_close
    from {{ ref('fct_opportunity') }}
),

reps as (
    select
        rep_key,
        tenant,
        employee_number
    from {{ ref('dim_rep') }}
),

assignments as (
    select
        tenant,
        employee_number,
        plan_id,
        valid_from,
        valid_to
    from {{ ref('stg_policy__plan_assignment') }}
),

final as (
    select
        receipts.tenant,
        receipts.payment_source_id,
        receipts.invoice_source_id,
        receipts.payment_source_id || '|' || receipts.invoice_source_id as credit_id,
        receipts.opportunity_source_id,
        receipts.paid_at,
        receipts.period_month,
        assignments.employee_number,
        assignments.plan_id,
        receipts.gross_amount,
        receipts.commissionable_amount,
        receipts.currency_code,
        receipts.fx_rate_id,
        -- The first that applies; null means that the row is a credit.
        case
            when receipts.unlinked_reason is not null then receipts.unlinked_reason
            when not coalesce(opportunities.is_won, false) then 'opportunity_not_won'
            when opportunities.owner_key_at_close is null then 'no_owner'
            when assignments.plan_id is null then 'owner_not_on_plan'
            when receipts.amount_reason is not null then receipts.amount_reason
        end as reason_code
    from receipts
    left join opportunities
        on receipts.opportunity_key = opportunities.opportunity_key
    left join reps
        on opportunities.owner_key_at_close = reps.rep_key
    left join assignments
        on
            reps.tenant = assignments.tenant
            and reps.employee_number = assignments.employee_number
            and {{ is_valid_on('receipts.paid_date', 'assignments') }}
)

select * from final
