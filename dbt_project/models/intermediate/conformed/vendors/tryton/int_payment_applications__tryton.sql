with

payment_lines as (
    select * from {{ ref('int_tryton_payment_lines') }}
),

final as (
    select
        {{ surrogate_key("'tryton'", 'source_tenant', 'id') }} as payment_application_key,
        'tryton' as source_system,
        source_tenant,
        id as source_id,
        move as payment_source_id,
        invoice as invoice_source_id,
        cast(amount as decimal(18, 2)) as amount,
        currency_code,
        paid_at as applied_at,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from payment_lines
    where amount > 0
)

select * from final
