with

final as (
    select * from {{ ref('int_campaign_touches__salesforce') }}

    union all

    select * from {{ ref('int_campaign_touches__files') }}
)

select * from final
