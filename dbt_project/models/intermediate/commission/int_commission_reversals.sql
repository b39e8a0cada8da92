with

originals as (
    select
        tenant,
        period_month,
        employee_number,
        plan_id,
        component_id,
        credit_id,
        opportunity_source_id,
        payment_source_id,
        invoice_source_id,
        line_type,
        commissionable_amount,
        cumulative_amount,
        quota_amount,
        attainment_rate,
        tier_number,
        rate,
        line_amount,
        currency_code,
        fx_rate_id,
        calculation_status
    from {{ ref('int_commission_originals') }}
    -- Of an amount that is not known, for lack of a quota, there is nothing to take back.
    where line_amount is not null
),

shares as (
    select
        tenant,
        payment_source_id,
        invoice_source_id,
        refund_source_id,
        period_month,
        gross_amount,
        cumulative_share_amount,
        previous_share_amount
    from {{ ref('int_commission_refund_shares') }}
),

final as (
    select
        originals.tenant,
        shares.period_month,
        originals.employee_number,
        originals.plan_id,
        originals.component_id,
        originals.credit_id,
        originals.opportunity_source_id,
        originals.payment_source_id,
        originals.invoice_source_id,
        shares.refund_source_id,
        originals.line_type,
        originals.commissionable_amount,
        originals.cumulative_amount,
        originals.quota_amount,
        originals.attainment_rate,
        originals.tier_number,
        originals.rate,
        -- At the line's own rate: the share of the receipt given back, of the line as it stands.
        cast(
            {{ rd_ratio(
                'originals.line_amount', 'shares.previous_share_amount', 'shares.gross_amount'
            ) }}
            - {{ rd_ratio(
                'originals.line_amount', 'shares.cumulative_share_amount', 'shares.gross_amount'
            ) }}
            as decimal(18, 2)
        ) as line_amount,
        originals.currency_code,
        originals.fx_rate_id,
        originals.period_month as origin_period_month,
        originals.calculation_status
    from originals
    inner join shares
        on
            originals.tenant = shares.tenant
            and originals.payment_source_id = shares.payment_source_id
            and originals.invoice_source_id = shares.invoice_source_id
)

select * from final
