with

refunds as (
    select
        refund_key,
        source_tenant as tenant,
        source_system,
        source_id,
        payment_source_id,
        status,
        amount,
        currency_code,
        refunded_at,
        reason,
        recorded_at,
        is_backfilled
    from {{ ref('int_refunds__unioned') }}
    where not is_deleted and refunded_at < {{ as_of_at() }}
),

tenants as (
    select
        tenant,
        reporting_timezone
    from {{ ref('dim_tenant') }}
),

final as (
    select
        refunds.refund_key,
        refunds.tenant,
        refunds.source_system,
        refunds.source_id,
        refunds.payment_source_id,
        {{ surrogate_key(
            'refunds.source_system', 'refunds.tenant', 'refunds.payment_source_id'
        ) }} as payment_key,
        refunds.status,
        coalesce(refunds.status = 'succeeded', false) as is_succeeded,
        refunds.amount,
        refunds.currency_code,
        refunds.refunded_at,
        {{ to_reporting_date('refunds.refunded_at', 'tenants.reporting_timezone') }}
            as refunded_date,
        {{ to_reporting_month('refunds.refunded_at', 'tenants.reporting_timezone') }}
            as refunded_month,
        refunds.reason,
        refunds.recorded_at,
        refunds.is_backfilled
    from refunds
    left join tenants
        on refunds.tenant = tenants.tenant
)

select * from final
