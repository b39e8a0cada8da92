with

merged as (
    select
        source_tenant as tenant,
        source_id,
        min(external_reference) as survivor_source_id
    from {{ ref('int_accounts__unioned') }}
    where account_role = 'crm' and is_deleted and external_reference is not null
    group by
        source_tenant,
        source_id
),

-- A survivor may have been merged itself, and so may its survivor.
final as (
    select
        merged.tenant,
        merged.source_id,
        coalesce(
            later.survivor_source_id, next_merged.survivor_source_id, merged.survivor_source_id
        ) as survivor_source_id
    from merged
    left join merged as next_merged
        on
            merged.tenant = next_merged.tenant
            and merged.survivor_source_id = next_merged.source_id
    left join merged as later
        on
            next_merged.tenant = later.tenant
            and next_merged.survivor_source_id = later.source_id
)

select * from final
