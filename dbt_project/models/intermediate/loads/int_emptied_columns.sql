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
        outcome = 'loaded'
        -- A range of the past says nothing of what the source sends now.
        and load_kind <> 'range'
        and delivered_row_count > 0
        -- Counted is what a load declares; of what it declares as dropped nothing is.
        and filled_row_count is not null
),

shares as (
    select
        *,
        sum(filled_row_count) over of_column as filled_rows,
        sum(case when commit_seq <= last_filled_commit_seq then delivered_row_count end)
            over of_column
            as rows_before,
        sum(case when commit_seq > last_filled_commit_seq then delivered_row_count end)
            over of_column
            as rows_since
    from observed
    window of_column as (partition by source_system, tenant, resource, column_name)
),

final as (
    select
        load_id,
        source_system,
        tenant,
        resource,
        column_name,
        commit_seq,
        recorded_at,
        data_type,
        delivered_row_count as row_count
    from shares
    where
        commit_seq > last_filled_commit_seq
        and rows_since * filled_rows >= {{ expected_values }} * rows_before
)

select * from final
