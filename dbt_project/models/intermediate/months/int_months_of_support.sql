with

tickets as (
    select
        tenant,
        created_month as month,
        count(*) as tickets_created_count
    from {{ ref('fct_ticket') }}
    group by
        tenant,
        created_month
),

responses as (
    select
        tenant,
        responded_month as month,
        count(*) as csat_response_count,
        count(case when is_positive then 1 end) as csat_positive_count
    from {{ ref('fct_csat_response') }}
    group by
        tenant,
        responded_month
),

final as (
    select
        coalesce(tickets.tenant, responses.tenant) as tenant,
        coalesce(tickets.month, responses.month) as month,
        coalesce(tickets.tickets_created_count, 0) as tickets_created_count,
        coalesce(responses.csat_response_count, 0) as csat_response_count,
        coalesce(responses.csat_positive_count, 0) as csat_positive_count
    from tickets
    full outer join responses
        on
            tickets.tenant = responses.tenant
            and tickets.month = responses.month
)

select * from final
