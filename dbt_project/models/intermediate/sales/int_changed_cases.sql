with

now as (
    select * from {{ ref('int_case_fingerprints') }}
),

known as (
    select * from {{ source('meta', 'case_fingerprint') }}
),

differing as (
    select
        now.tenant,
        now.case_id,
        known.tenant as known_tenant,
        known.case_id as known_case_id
    from now
    full join known
        on
            now.record_type = known.record_type
            and now.record_key = known.record_key
    where now.fingerprint is distinct from known.fingerprint
),

-- Of a record that went over to another case, both changed.
cases as (
    select
        tenant,
        case_id
    from differing

    union distinct

    select
        known_tenant as tenant,
        known_case_id as case_id
    from differing
),

records as (
    select
        record_type,
        record_key,
        tenant,
        source_system,
        source_id,
        case_id,
        opportunity_key,
        opportunity_source_id
    from now

    union distinct

    select
        record_type,
        record_key,
        tenant,
        source_system,
        source_id,
        case_id,
        opportunity_key,
        opportunity_source_id
    from known
),

-- Under every name that a model has for them.
final as (
    select
        records.*,
        records.tenant as source_tenant,
        records.source_id as record_source_id
    from records
    inner join cases
        on
            records.tenant = cases.tenant
            and records.case_id = cases.case_id
)

select * from final
