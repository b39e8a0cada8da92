with

landed as (
    select * from {{ landed('tryton', 'move') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        state,
        created_at,
        modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
