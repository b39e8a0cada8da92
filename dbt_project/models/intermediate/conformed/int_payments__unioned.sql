with

final as (
    select * from {{ ref('int_payments__stripe') }}

    union all

    select * from {{ ref('int_payments__tryton') }}

    union all

    select * from {{ ref('int_payments__files') }}
)

select * from final
