with

final as (
    select * from {{ ref('int_opportunity_contacts__salesforce') }}

    union all

    select * from {{ ref('int_opportunity_contacts__files') }}
)

select * from final
