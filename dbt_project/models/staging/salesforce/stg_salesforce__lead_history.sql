with

landed as (
    select * from {{ landed('salesforce', 'lead_history') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        lead_id,
        field,
        old_value,
        new_value,
        created_by_id,
        created_date as created_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
