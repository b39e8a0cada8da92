with

landed as (
    select * from {{ landed('request_tracker', 'ticket') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        queue,
        status,
        priority,
        requestor_id,
        requestor_domain,
        requestor_organization,
        custom_fields,
        created_at,
        updated_at,
        {{ landing_columns() }}
    from landed
)

select * from final
