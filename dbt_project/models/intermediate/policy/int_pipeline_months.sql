with

pipelines as (
    select
        pipeline_id,
        pipeline_type
    from {{ ref('int_pipelines') }}
),

months as (
    select
        month,
        last_date
    from {{ ref('int_months') }}
),

versions as (
    select
        pipeline_id,
        process_version,
        valid_from,
        valid_to
    from {{ ref('dim_process_version') }}
),

-- Two months compare when one version held from the first day of the one to the last of the other.
final as (
    select
        pipelines.pipeline_id,
        months.month,
        pipelines.pipeline_type,
        versions.process_version,
        coalesce(versions.valid_from <= {{ add_months('months.month', -1) }}, false)
            as is_comparable
    from pipelines
    cross join months
    left join versions
        on
            pipelines.pipeline_id = versions.pipeline_id
            and {{ is_valid_on('months.last_date', 'versions') }}
)

select * from final
