with

landed as (
    select * from {{ landed('files', 'account') }}
),

final as (
    select
        source_tenant,
        source_id,
        account_role,
        name,
        external_reference,
        domain,
        parent_source_id,
        industry,
        region,
        owner_source_id,
        currency_code,
        created_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
