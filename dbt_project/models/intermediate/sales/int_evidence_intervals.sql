{{ config(materialized='view') }}

with

final as (
    select
        record_key as opportunity_key,
        field_name,
        try_cast(value as timestamp) as evidence_at,
        valid_from_at,
        valid_to_at
    from {{ ref('int_field_intervals') }}
    where record_type = 'opportunity' and field_name <> 'owner'
)

select * from final
