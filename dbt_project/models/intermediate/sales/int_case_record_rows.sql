{{ config(materialized='view') }}

with

opportunities as (
    select * from {{ ref('fct_opportunity') }}
),

collected as (
    select * from {{ ref('int_collected_opportunities') }}
),

leads as (
    select * from {{ ref('fct_lead') }}
),

-- What is dated ahead counts from its day on, without any change.
dated as (
    select
        source_system,
        source_tenant,
        source_id,
        effective_at,
        effective_at < {{ as_of_at() }} as is_effective,
        closed_at < {{ as_of_at() }} as is_closed,
        discovery_completed_at < {{ as_of_at() }} as is_discovered,
        proposal_sent_at < {{ as_of_at() }} as is_proposed,
        customer_committed_at < {{ as_of_at() }} as is_committed,
        contract_signed_at < {{ as_of_at() }} as is_signed
    from {{ ref('int_opportunities__unioned') }}
),

final as (
    select
        source_system,
        tenant,
        'opportunity' as record_type,
        source_id,
        {{ row_hash('opportunities') }} as row_hash
    from opportunities

    union all

    select
        source_system,
        source_tenant as tenant,
        'opportunity' as record_type,
        source_id,
        {{ row_hash('dated') }} as row_hash
    from dated

    union all

    select
        source_system,
        tenant,
        'opportunity' as record_type,
        source_id,
        {{ row_hash('collected') }} as row_hash
    from collected

    union all

    select
        source_system,
        tenant,
        'lead' as record_type,
        source_id,
        {{ row_hash('leads') }} as row_hash
    from leads
)

select * from final
