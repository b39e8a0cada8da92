with

landed as (
    select * from {{ landed('salesforce', 'lead') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        company,
        lead_source,
        status,
        owner_id,
        is_converted,
        converted_date,
        converted_account_id,
        converted_opportunity_id,
        created_date as created_at,
        system_modstamp as modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
