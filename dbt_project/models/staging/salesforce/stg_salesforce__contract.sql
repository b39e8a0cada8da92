with

landed as (
    select * from {{ landed('salesforce', 'contract') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        account_id,
        owner_id,
        contract_number,
        status,
        start_date,
        end_date,
        customer_signed_date,
        currency_iso_code as currency_code,
        created_date as created_at,
        system_modstamp as modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
