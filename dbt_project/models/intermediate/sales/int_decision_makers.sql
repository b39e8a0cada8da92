{{ config(materialized='view') }}

with

final as (
    select
        {{ surrogate_key('source_system', 'source_tenant', 'opportunity_source_id') }}
            as opportunity_key,
        created_at
    from {{ ref('int_opportunity_contacts__unioned') }}
    where
        contact_role = 'decision_maker'
        and not is_deleted
        and created_at < {{ as_of_at() }}
)

select * from final
