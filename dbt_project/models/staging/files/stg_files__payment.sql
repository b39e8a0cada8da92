with

landed as (
    select * from {{ landed('files', 'payment') }}
),

final as (
    select
        source_tenant,
        source_id,
        account_source_id,
        status,
        amount,
        currency_code,
        paid_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
