with

landed as (
    select * from {{ landed('roundup', 'msg') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        author_id,
        created_at,
        updated_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
