with

landed as (
    select * from {{ landed('salesforce', 'contact') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        account_id,
        email_domain,
        title,
        department,
        owner_id,
        created_date as created_at,
        system_modstamp as modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
