with

landed as (
    select * from {{ landed('roundup', 'issue') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        status,
        priority,
        creator_id,
        messages,
        created_at,
        updated_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
