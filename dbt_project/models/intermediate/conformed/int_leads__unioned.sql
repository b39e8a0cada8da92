with

final as (
    select * from {{ ref('int_leads__salesforce') }}

    union all

    select * from {{ ref('int_leads__files') }}
)

select * from final
