with

landed as (
    select * from {{ landed('files', 'contract') }}
),

final as (
    select
        source_tenant,
        source_id,
        account_source_id,
        opportunity_reference,
        contract_number,
        status,
        owner_source_id,
        signed_at,
        starts_at,
        ends_at,
        currency_code,
        created_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
