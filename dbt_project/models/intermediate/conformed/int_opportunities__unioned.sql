with

final as (
    select * from {{ ref('int_opportunities__salesforce') }}

    union all

    select * from {{ ref('int_opportunities__tryton') }}

    union all

    select * from {{ ref('int_opportunities__files') }}
)

select * from final
