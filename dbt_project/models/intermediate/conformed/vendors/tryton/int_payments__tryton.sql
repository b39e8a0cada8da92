with

payment_lines as (
    select * from {{ ref('int_tryton_payment_lines') }}
),

-- One receipt may pay several invoices: the move is the payment, its lines are what it paid.
receipts as (
    select
        source_tenant,
        move,
        currency_code,
        max(party) as party,
        sum(amount) as amount,
        min(paid_at) as paid_at,
        max(modified_at) as modified_at,
        max(_recorded_at) as _recorded_at,
        min(case when _is_backfilled then 1 else 0 end) as all_backfilled,
        min(case when is_deleted then 1 else 0 end) as all_deleted
    from payment_lines
    where amount > 0
    group by
        source_tenant,
        move,
        currency_code
),

final as (
    select
        {{ surrogate_key("'tryton'", 'source_tenant', 'move') }} as payment_key,
        'tryton' as source_system,
        source_tenant,
        move as source_id,
        'finance-' || party as account_source_id,
        'succeeded' as status,
        cast(amount as decimal(18, 2)) as amount,
        currency_code,
        paid_at,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        all_backfilled = 1 as is_backfilled,
        all_deleted = 1 as is_deleted
    from receipts
)

select * from final
