with

landed as (
    select * from {{ landed('salesforce', 'campaign') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        name,
        type,
        start_date,
        end_date,
        actual_cost,
        currency_iso_code as currency_code,
        created_date as created_at,
        system_modstamp as modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
