with

parts as (
    select
        pipeline_id,
        part_rank,
        part_kind,
        part_id,
        names,
        content,
        valid_from,
        valid_to
    from {{ ref('int_process_parts') }}
),

pipelines as (
    select
        pipeline_id,
        pipeline_type
    from {{ ref('int_pipelines') }}
),

begun as (
    select * from parts
    where valid_from <= {{ as_of_date() }}
),

ended as (
    select * from parts
    where valid_to <= {{ as_of_date() }}
),

-- What ends on the day on which its next row begins goes on: only what differs has changed.
compared as (
    select
        coalesce(begun.pipeline_id, ended.pipeline_id) as pipeline_id,
        coalesce(begun.valid_from, ended.valid_to) as valid_from,
        coalesce(begun.part_rank, ended.part_rank) as part_rank,
        coalesce(begun.part_kind, ended.part_kind) as part_kind,
        coalesce(begun.part_id, ended.part_id) as part_id,
        case
            when ended.part_id is null then 'added'
            when begun.part_id is null then 'removed'
            when begun.content <> ended.content then 'changed'
            when begun.names <> ended.names then 'renamed'
        end as change
    from begun
    full outer join ended
        on
            begun.pipeline_id = ended.pipeline_id
            and begun.part_kind = ended.part_kind
            and begun.part_id = ended.part_id
            and begun.valid_from = ended.valid_to
),

changes as (
    select
        *,
        case change when 'added' then 1 when 'removed' then -1 else 0 end as difference,
        part_kind || ' ' || part_id || ' ' || change as sentence
    from compared
    where change is not null
),

days as (
    select
        pipeline_id,
        valid_from,
        sum(case when part_kind = 'stage' then difference else 0 end) as more_stages,
        sum(case when part_kind = 'milestone' then difference else 0 end) as more_milestones,
        sum(case when part_kind = 'step' then difference else 0 end) as more_steps,
        sum(case when part_kind = 'rule' then difference else 0 end) as more_rules,
        count(case when change = 'added' then 1 end) as added_count,
        count(case when change = 'removed' then 1 end) as removed_count,
        count(case when change = 'renamed' then 1 end) as renamed_count,
        count(case when change = 'changed' then 1 end) as changed_count,
        {{ joined_texts('sentence', 'part_rank, part_id') }} as changes
    from changes
    group by
        pipeline_id,
        valid_from
),

versions as (
    select
        *,
        row_number() over in_order as version_number,
        lead(valid_from) over in_order as valid_to,
        sum(more_stages) over in_order as stage_count,
        sum(more_milestones) over in_order as milestone_count,
        sum(more_steps) over in_order as step_count,
        sum(more_rules) over in_order as rule_count
    from days
    window in_order as (partition by pipeline_id order by valid_from)
),

-- The first version has none before it that it could differ from.
final as (
    select
        versions.pipeline_id,
        versions.valid_from,
        pipelines.pipeline_type,
        cast(versions.version_number as int) as process_version,
        versions.valid_to,
        versions.valid_to is null as is_current,
        cast(versions.stage_count as bigint) as stage_count,
        cast(versions.milestone_count as bigint) as milestone_count,
        cast(versions.step_count as bigint) as step_count,
        cast(versions.rule_count as bigint) as rule_count,
        case when versions.version_number > 1 then versions.added_count end as added_count,
        case when versions.version_number > 1 then versions.removed_count end as removed_count,
        case when versions.version_number > 1 then versions.renamed_count end as renamed_count,
        case when versions.version_number > 1 then versions.changed_count end as changed_count,
        case when versions.version_number > 1 then versions.changes end as changes
    from versions
    inner join pipelines
        on versions.pipeline_id = pipelines.pipeline_id
)

select * from final
