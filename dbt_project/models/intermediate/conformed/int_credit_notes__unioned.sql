with

final as (
    select * from {{ ref('int_credit_notes__stripe') }}

    union all

    select * from {{ ref('int_credit_notes__tryton') }}

    union all

    select * from {{ ref('int_credit_notes__files') }}
)

select * from final
