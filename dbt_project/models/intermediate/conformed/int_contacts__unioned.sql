with

final as (
    select * from {{ ref('int_contacts__salesforce') }}

    union all

    select * from {{ ref('int_contacts__tryton') }}

    union all

    select * from {{ ref('int_contacts__zendesk') }}

    union all

    select * from {{ ref('int_contacts__files') }}
)

select * from final
