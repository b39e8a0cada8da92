with

final as (
    select * from {{ ref('int_quotes__salesforce') }}

    union all

    select * from {{ ref('int_quotes__tryton') }}

    union all

    select * from {{ ref('int_quotes__files') }}
)

select * from final
