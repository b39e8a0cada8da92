-- So many values were to be expected at the earlier share: that none came is then no accident.
{% set expected_values = 5 %}
with

observed as (
    select
        load_id,
        source_system,
        tenant,
        resource,
        column_name,
        commit_seq,
        recorded_at,
        data_type,
        delivered_row_count,
        filled_row_count,
        max(case when filled_row_count > 0 then commit_seq end)
            over (partition by source_system, tenant, resource, column_name)
            as last_filled_commit_seq
    from {{ ref('int_load_columns') }}
    where
        is_declared
        and outcome = 'loaded'
        -- A range of the past says nothing of what the source sends now.
        and load_kind <> 'range'
        and delivered_row_count > 0
        and filled_row_count is not null
),

shares as (
    select
        source_system,
        tenant,
        resource,
        column_name,
        sum(filled_row_count) as filled_rows,
        sum(case when commit_seq <= last_filled_commit_seq then delivered_row_count end)
            as rows_before,
        sum(case when commit_seq > last_filled_commit_seq then delivered_row_count end)
            as rows_since
    from observed
    group by
        source_system,
        tenant,
        resource,
        column_name
),

final as (
    select
        observed.load_id,
        observed.source_system,
        observed.tenant,
        observed.resource,
        observed.column_name,
        observed.commit_seq,
        observed.recorded_at,
        observed.data_type,
        observed.delivered_row_count as row_count
    from observed
    inner join shares
        on
            observed.source_system = shares.source_system
            and observed.tenant = shares.tenant
            and observed.resource = shares.resource
            and observed.column_name = shares.column_name
    where
        observed.commit_seq > observed.last_filled_commit_seq
        and shares.rows_since * shares.filled_rows >= {{ expected_values }} * shares.rows_before
)

select * from final
