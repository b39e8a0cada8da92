with

landed as (
    select * from {{ landed('files', 'subscription_period') }}
),

final as (
    select
        source_tenant,
        source_id,
        contract_source_id,
        product_source_id,
        quantity,
        amount,
        currency_code,
        period_start_at,
        period_end_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
