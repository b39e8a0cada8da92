with

landed as (
    select * from {{ landed('files', 'quote') }}
),

final as (
    select
        source_tenant,
        source_id,
        opportunity_source_id,
        account_source_id,
        quote_number,
        status,
        is_primary,
        net_amount,
        currency_code,
        expires_on,
        created_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
