with

final as (
    select * from {{ ref('int_tickets__zendesk') }}

    union all

    select * from {{ ref('int_tickets__request_tracker') }}

    union all

    select * from {{ ref('int_tickets__roundup') }}

    union all

    select * from {{ ref('int_tickets__files') }}
)

select * from final
