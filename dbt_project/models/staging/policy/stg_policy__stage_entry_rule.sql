with

final as (
    select
        rule_id,
        pipeline_id,
        stage_id,
        predicate,
        predicate_at_entry,
        field,
        owner,
        severity,
        max_failed_rate,
        max_unknown_rate,
        enforced_from,
        description_en,
        description_zh,
        fix_en,
        fix_zh,
        valid_from,
        valid_to
    from {{ latest_policy('stage_entry_rule') }}
)

select * from final
