with

closed_deals as (
    select
        opportunity_key,
        tenant,
        pipeline_id,
        case when outcome = 'won' then 1 else 0 end as won
    from {{ ref('int_deals') }}
    where
        closed_month >= {{ add_months(as_of_month(), -12) }}
        and closed_month < {{ as_of_month() }}
),

visits as (
    select
        opportunity_key,
        stage_id
    from {{ ref('fct_stage_interval') }}
    where opportunity_key is not null
    group by
        opportunity_key,
        stage_id
),

stages as (
    select
        pipeline_id,
        stage_id
    from {{ ref('dim_stage') }}
    where is_latest and stage_kind = 'open'
),

pipelines as (
    select
        tenant,
        pipeline_id,
        count(*) as closed_count,
        sum(won) as won_count
    from closed_deals
    group by
        tenant,
        pipeline_id
),

visited as (
    select
        closed_deals.tenant,
        closed_deals.pipeline_id,
        visits.stage_id,
        count(*) as closed_count,
        sum(closed_deals.won) as won_count
    from closed_deals
    inner join visits
        on closed_deals.opportunity_key = visits.opportunity_key
    group by
        closed_deals.tenant,
        closed_deals.pipeline_id,
        visits.stage_id
),

counted as (
    select
        pipelines.tenant,
        pipelines.pipeline_id,
        stages.stage_id,
        pipelines.closed_count as pipeline_closed_count,
        pipelines.won_count as pipeline_won_count,
        coalesce(visited.closed_count, 0) as closed_count,
        coalesce(visited.won_count, 0) as won_count
    from pipelines
    inner join stages
        on pipelines.pipeline_id = stages.pipeline_id
    left join visited
        on
            pipelines.tenant = visited.tenant
            and pipelines.pipeline_id = visited.pipeline_id
            and stages.stage_id = visited.stage_id
),

-- Twenty deals of the pipeline's own share stand beside those of the stage, so that a stage that
-- few deals went through is not sure of anything.
final as (
    select
        tenant,
        pipeline_id,
        stage_id,
        closed_count,
        {{ ratio_rate(
            '(won_count * pipeline_closed_count + 20 * pipeline_won_count)',
            '(pipeline_closed_count * (closed_count + 20))'
        ) }} as probability_rate
    from counted
)

select * from final
