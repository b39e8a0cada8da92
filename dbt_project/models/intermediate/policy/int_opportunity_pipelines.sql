with

named as (
    select distinct
        source_system,
        source_tenant as tenant,
        coalesce(opportunity_type, '(none)') as opportunity_type,
        coalesce(pipeline_id, 'default') as named_pipeline_id
    from {{ ref('int_opportunities__unioned') }}
),

pipeline_map as (
    select
        source_system,
        tenant,
        opportunity_type,
        pipeline_id,
        valid_from,
        valid_to
    from {{ ref('stg_policy__pipeline_map') }}
),

-- The most specific row wins: this tenant's before everybody's, this type's before any's.
mapped as (
    select
        named.source_system,
        named.tenant,
        named.opportunity_type,
        named.named_pipeline_id,
        coalesce(pipeline_map.pipeline_id, named.named_pipeline_id) as pipeline_id,
        row_number() over (
            partition by
                named.source_system, named.tenant, named.opportunity_type, named.named_pipeline_id
            order by
                case when pipeline_map.tenant = '*' then 1 else 0 end,
                case when pipeline_map.opportunity_type = '*' then 1 else 0 end
        ) as specificity_rank
    from named
    left join pipeline_map
        on
            named.source_system = pipeline_map.source_system
            and pipeline_map.tenant in (named.tenant, '*')
            and pipeline_map.opportunity_type in (named.opportunity_type, '*')
            and {{ is_valid_on(as_of_date(), 'pipeline_map') }}
),

final as (
    select
        mapped.source_system,
        mapped.tenant,
        mapped.opportunity_type,
        mapped.named_pipeline_id,
        mapped.pipeline_id,
        types.pipeline_type
    from mapped
    left join {{ ref('int_pipelines') }} as types
        on mapped.pipeline_id = types.pipeline_id
    where mapped.specificity_rank = 1
)

select * from final
