with

landed as (
    select * from {{ landed('salesforce', 'account') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        name,
        website,
        parent_id,
        industry,
        region,
        owner_id,
        upper(currency_iso_code) as currency_code,
        master_record_id,
        created_date as created_at,
        system_modstamp as modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
