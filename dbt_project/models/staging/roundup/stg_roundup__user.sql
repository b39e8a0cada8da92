with

landed as (
    select * from {{ landed('roundup', 'user') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        domain,
        organisation,
        created_at,
        updated_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
