with

final as (
    select * from {{ ref('int_payment_applications__stripe') }}

    union all

    select * from {{ ref('int_payment_applications__tryton') }}

    union all

    select * from {{ ref('int_payment_applications__files') }}
)

select * from final
