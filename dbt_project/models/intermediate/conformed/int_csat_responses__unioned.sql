with

final as (
    select * from {{ ref('int_csat_responses__zendesk') }}

    union all

    select * from {{ ref('int_csat_responses__files') }}
)

select * from final
