with

final as (
    select * from {{ ref('int_products__salesforce') }}

    union all

    select * from {{ ref('int_products__stripe') }}

    union all

    select * from {{ ref('int_products__tryton') }}

    union all

    select * from {{ ref('int_products__files') }}
)

select * from final
