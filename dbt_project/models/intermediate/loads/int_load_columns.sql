with

-- Attempts that failed are among them, and have no columns.
loads as (
    select
        attempt_id,
        source,
        tenant,
        resource,
        outcome,
        load_kind,
        commit_seq,
        recorded_at,
        delivered_row_count
    from {{ source('meta', 'load_attempt') }}
    where
        store = 'landing'
        and recorded_at < {{ as_of_at() }}
),

columns as (
    select
        load_id,
        column_name,
        is_declared,
        data_type,
        filled_row_count
    from {{ source('meta', 'load_column') }}
),

final as (
    select
        loads.attempt_id as load_id,
        loads.source as source_system,
        loads.tenant,
        loads.resource,
        loads.outcome,
        loads.load_kind,
        loads.commit_seq,
        loads.recorded_at,
        columns.column_name,
        columns.is_declared,
        columns.data_type,
        loads.delivered_row_count,
        columns.filled_row_count
    from loads
    inner join columns
        on loads.attempt_id = columns.load_id
)

select * from final
