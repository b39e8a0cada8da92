with

landed as (
    select * from {{ landed('files', 'refund') }}
),

final as (
    select
        source_tenant,
        source_id,
        payment_source_id,
        status,
        amount,
        currency_code,
        refunded_at,
        reason,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
