with

records as (
    select * from {{ ref('int_case_records') }}
),

told as (
    select * from {{ ref('int_case_record_rows') }}

    union all

    select * from {{ ref('int_case_event_rows') }}
),

rows_of_records as (
    select
        record_type,
        source_system,
        tenant,
        source_id,
        sum(row_hash) as fingerprint
    from told
    group by
        record_type,
        source_system,
        tenant,
        source_id
),

final as (
    select
        records.record_type,
        records.record_key,
        records.tenant,
        records.source_system,
        records.source_id,
        records.case_id,
        records.opportunity_key,
        case when records.record_type = 'opportunity' then records.source_id end
            as opportunity_source_id,
        -- A record goes with another case, or in another pipeline, without a change of its own.
        records.case_id || ' ' || records.pipeline_id || ' '
        || cast(rows_of_records.fingerprint as string) as fingerprint
    from records
    inner join rows_of_records
        on
            records.record_type = rows_of_records.record_type
            and records.source_system = rows_of_records.source_system
            and records.tenant = rows_of_records.tenant
            and records.source_id = rows_of_records.source_id
)

select * from final
