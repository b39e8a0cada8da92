with

-- Attempts that failed are among them, and have neither a number nor columns.
loads as (
    select
        attempt_id,
        source,
        tenant,
        resource,
        commit_seq,
        recorded_at,
        max(case when delivered_row_count + refused_row_count > 0 then commit_seq end)
            over (partition by source, tenant, resource)
            as latest_commit_seq
    from {{ source('meta', 'load_attempt') }}
    where
        store = 'landing'
        and recorded_at < {{ as_of_at() }}
),

refusals as (
    select
        load_id,
        column_name,
        row_count,
        why,
        row_number
    from {{ source('meta', 'load_refusal') }}
),

drifts as (
    select
        load_id,
        column_name,
        'unknown_column' as drift,
        data_type,
        cast(null as string) as why,
        cast(null as bigint) as row_count,
        cast(null as bigint) as row_number
    from {{ ref('int_load_columns') }}
    where not is_declared
    union all
    select
        load_id,
        column_name,
        'emptied_column' as drift,
        data_type,
        cast(null as string) as why,
        row_count,
        cast(null as bigint) as row_number
    from {{ ref('int_emptied_columns') }}
    union all
    select
        load_id,
        column_name,
        'refused_values' as drift,
        cast(null as string) as data_type,
        why,
        row_count,
        row_number
    from refusals
),

placed as (
    select
        loads.attempt_id,
        loads.source,
        loads.tenant,
        loads.resource,
        loads.recorded_at,
        loads.commit_seq = loads.latest_commit_seq as is_in_latest_load,
        drifts.column_name,
        drifts.drift,
        drifts.data_type,
        drifts.why,
        drifts.row_count,
        drifts.row_number,
        row_number() over (
            partition by
                loads.source, loads.tenant, loads.resource, drifts.column_name, drifts.drift
            order by loads.commit_seq desc
        ) as recency
    from drifts
    inner join loads
        on drifts.load_id = loads.attempt_id
),

final as (
    select
        source as source_system,
        tenant,
        resource,
        column_name,
        drift,
        count(case when is_in_latest_load then 1 end) > 0 as is_current,
        min(recorded_at) as first_seen_at,
        max(recorded_at) as last_seen_at,
        count(*) as load_count,
        cast(sum(row_count) as bigint) as row_count,
        max(case when recency = 1 then data_type end) as data_type,
        max(case when recency = 1 then why end) as why,
        max(case when recency = 1 then attempt_id end) as example_load_id,
        max(case when recency = 1 then row_number end) as example_row_number
    from placed
    group by
        source,
        tenant,
        resource,
        column_name,
        drift
)

select * from final
