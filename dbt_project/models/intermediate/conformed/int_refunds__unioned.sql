with

final as (
    select * from {{ ref('int_refunds__stripe') }}

    union all

    select * from {{ ref('int_refunds__tryton') }}

    union all

    select * from {{ ref('int_refunds__files') }}
)

select * from final
