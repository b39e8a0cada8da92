with

final as (
    select * from {{ ref('int_invoices__stripe') }}

    union all

    select * from {{ ref('int_invoices__tryton') }}

    union all

    select * from {{ ref('int_invoices__files') }}
)

select * from final
