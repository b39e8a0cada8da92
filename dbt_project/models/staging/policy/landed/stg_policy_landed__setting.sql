with

landed as (
    select * from {{ landed('policy', 'setting') }}
),

final as (
    select
        name,
        value,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
