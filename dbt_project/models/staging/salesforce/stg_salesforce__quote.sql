with

landed as (
    select * from {{ landed('salesforce', 'quote') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        opportunity_id,
        quote_number,
        status,
        total_price,
        expiration_date,
        is_syncing,
        currency_iso_code as currency_code,
        created_date as created_at,
        system_modstamp as modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
