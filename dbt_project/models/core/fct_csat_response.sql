with

responses as (
    select
        csat_response_key,
        source_tenant as tenant,
        source_system,
        source_id,
        ticket_source_id,
        score,
        responded_at
    from {{ ref('int_csat_responses__unioned') }}
    where
        not is_deleted
        and score <> 'offered'
        and responded_at < {{ as_of_at() }}
),

tenants as (
    select
        tenant,
        reporting_timezone
    from {{ ref('dim_tenant') }}
),

final as (
    select
        responses.csat_response_key,
        responses.tenant,
        responses.source_system,
        responses.source_id,
        responses.ticket_source_id,
        responses.score,
        responses.score = 'positive' as is_positive,
        responses.responded_at,
        {{ to_reporting_date('responses.responded_at', 'tenants.reporting_timezone') }}
            as responded_date,
        {{ to_reporting_month('responses.responded_at', 'tenants.reporting_timezone') }}
            as responded_month
    from responses
    left join tenants
        on responses.tenant = tenants.tenant
)

select * from final
