with

final as (
    select * from {{ ref('int_opportunity_lines__salesforce') }}

    union all

    select * from {{ ref('int_opportunity_lines__tryton') }}

    union all

    select * from {{ ref('int_opportunity_lines__files') }}
)

select * from final
