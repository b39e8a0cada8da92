with

final as (
    select * from {{ ref('int_reps__salesforce') }}

    union all

    select * from {{ ref('int_reps__tryton') }}

    union all

    select * from {{ ref('int_reps__files') }}
)

select * from final
