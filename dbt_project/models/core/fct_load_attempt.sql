with

attempts as (
    select
        attempt_id,
        source,
        tenant,
        resource,
        outcome,
        load_kind,
        store,
        commit_seq,
        started_at,
        recorded_at,
        milliseconds,
        page_count,
        request_count,
        byte_count,
        gzipped_byte_count,
        delivered_row_count,
        row_count,
        unchanged_row_count,
        refused_row_count,
        oldest_modified_at,
        newest_modified_at,
        schema_version,
        failure_kind,
        reason
    from {{ source('meta', 'load_attempt') }}
    where recorded_at < {{ as_of_at() }}
),

unknown_columns as (
    select
        load_id,
        column_name
    from {{ source('meta', 'load_column') }}
    where not is_declared
),

sightings as (
    select
        attempts.attempt_id,
        row_number() over (
            partition by
                attempts.source, attempts.tenant, attempts.resource, unknown_columns.column_name
            order by attempts.commit_seq
        ) as sighting_number
    from attempts
    inner join unknown_columns
        on attempts.attempt_id = unknown_columns.load_id
),

new_columns as (
    select
        attempt_id,
        count(*) as new_unknown_column_count
    from sightings
    where sighting_number = 1
    group by attempt_id
),

final as (
    select
        attempts.attempt_id,
        attempts.source as source_system,
        attempts.tenant,
        attempts.resource,
        attempts.outcome,
        attempts.load_kind,
        attempts.store,
        attempts.commit_seq,
        attempts.started_at,
        attempts.recorded_at,
        cast(attempts.milliseconds * cast(0.001 as decimal(4, 3)) as decimal(18, 3)) as seconds,
        attempts.page_count,
        attempts.request_count,
        attempts.byte_count,
        attempts.gzipped_byte_count,
        attempts.delivered_row_count,
        attempts.row_count,
        attempts.unchanged_row_count,
        attempts.refused_row_count,
        attempts.oldest_modified_at,
        attempts.newest_modified_at,
        {{ seconds_between('attempts.newest_modified_at', 'attempts.recorded_at') }} as lag_seconds,
        attempts.schema_version,
        coalesce(new_columns.new_unknown_column_count, 0) as new_unknown_column_count,
        attempts.failure_kind,
        attempts.reason
    from attempts
    left join new_columns
        on attempts.attempt_id = new_columns.attempt_id
)

select * from final
