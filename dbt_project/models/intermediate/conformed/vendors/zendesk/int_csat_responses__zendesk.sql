with

latest_satisfaction_ratings as (
    select * from {{ latest_known(ref('stg_zendesk__satisfaction_rating'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'zendesk'", 'source_tenant', 'id') }} as csat_response_key,
        'zendesk' as source_system,
        source_tenant,
        id as source_id,
        ticket_id as ticket_source_id,
        case
            when score in ('good', 'good_with_comment') then 'positive'
            when score in ('bad', 'bad_with_comment') then 'negative'
            when score = 'neutral' then 'neutral'
            else 'offered'
        end as score,
        case
            when score not in ('offered', 'unoffered') then updated_at
        end as responded_at,
        created_at,
        updated_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        false as is_deleted
    from latest_satisfaction_ratings
)

select * from final
