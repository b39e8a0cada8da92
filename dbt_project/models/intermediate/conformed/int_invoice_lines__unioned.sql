with

final as (
    select * from {{ ref('int_invoice_lines__stripe') }}

    union all

    select * from {{ ref('int_invoice_lines__tryton') }}

    union all

    select * from {{ ref('int_invoice_lines__files') }}
)

select * from final
