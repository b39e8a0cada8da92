{{ config(materialized='view') }}

with

final as (
    select
        record_type,
        record_key,
        value as owner_source_id,
        valid_from_at,
        valid_to_at
    from {{ ref('int_field_intervals') }}
    where field_name = 'owner'
)

select * from final
