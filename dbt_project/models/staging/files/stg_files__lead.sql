with

landed as (
    select * from {{ landed('files', 'lead') }}
),

final as (
    select
        source_tenant,
        source_id,
        company_name,
        lead_source,
        status,
        owner_source_id,
        created_at,
        converted_at,
        converted_account_source_id,
        converted_opportunity_source_id,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
