with

landed as (
    select * from {{ landed('decisions', 'decision') }}
),

final as (
    select
        decision_id,
        kind,
        subject,
        subject_hash,
        actor,
        decided_at,
        reason,
        payload,
        {{ landing_columns() }}
    from landed
)

select * from final
