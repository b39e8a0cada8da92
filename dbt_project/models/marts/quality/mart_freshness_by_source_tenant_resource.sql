with

judged as (
    select
        source_system,
        tenant,
        resource,
        last_loaded_at,
        newest_event_at,
        failing_since,
        failed_attempts,
        failure_kind,
        max_age_hours,
        severity,
        owner,
        verdict
    from {{ source('quality', 'source_freshness') }}
),

final as (
    select
        source_system,
        tenant,
        resource,
        verdict as state,
        severity,
        owner,
        cast(max_age_hours as bigint) as max_age_hours,
        last_loaded_at,
        {{ seconds_between('last_loaded_at', as_of_at()) }} as load_age_seconds,
        newest_event_at,
        {{ seconds_between('newest_event_at', as_of_at()) }} as latency_seconds,
        failing_since,
        failed_attempts as failed_attempt_count,
        nullif(failure_kind, '') as failure_kind,
        {{ as_of_at() }} as counted_to
    from judged
)

select * from final
