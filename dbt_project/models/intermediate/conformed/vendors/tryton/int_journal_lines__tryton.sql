with

latest_lines as (
    select * from {{ latest_known(ref('stg_tryton__move_line'), 'id') }}
),

latest_accounts as (
    select * from {{ latest_known(ref('stg_tryton__account'), 'id') }}
),

latest_moves as (
    select * from {{ latest_known(ref('stg_tryton__move'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'tryton'", 'latest_lines.source_tenant', 'latest_lines.id') }}
            as journal_line_key,
        'tryton' as source_system,
        latest_lines.source_tenant,
        latest_lines.id as source_id,
        latest_lines.move as journal_entry_source_id,
        coalesce(nullif(trim(latest_accounts.code), ''), latest_lines.account) as account_code,
        latest_accounts.name as account_name,
        latest_accounts.type as account_type,
        'finance-' || latest_lines.party as account_source_id,
        latest_moves.state as status,
        latest_lines.line_date as entry_date,
        latest_lines.debit as debit_amount,
        latest_lines.credit as credit_amount,
        latest_lines.currency_code,
        latest_lines.reconciliation is not null as is_reconciled,
        latest_lines.modified_at as effective_at,
        latest_lines._recorded_at as recorded_at,
        latest_lines._is_backfilled as is_backfilled,
        latest_lines.is_deleted
    from latest_lines
    left join latest_accounts
        on
            latest_lines.source_tenant = latest_accounts.source_tenant
            and latest_lines.account = latest_accounts.id
    left join latest_moves
        on
            latest_lines.source_tenant = latest_moves.source_tenant
            and latest_lines.move = latest_moves.id
)

select * from final
