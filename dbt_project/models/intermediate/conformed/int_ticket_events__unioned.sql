with

final as (
    select * from {{ ref('int_ticket_events__zendesk') }}

    union all

    select * from {{ ref('int_ticket_events__request_tracker') }}

    union all

    select * from {{ ref('int_ticket_events__roundup') }}

    union all

    select * from {{ ref('int_ticket_events__files') }}
)

select * from final
