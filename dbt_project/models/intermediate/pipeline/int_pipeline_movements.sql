with

weeks as (
    select
        opportunity_key,
        tenant,
        pipeline_id,
        week_start_date,
        currency_code,
        is_open_before,
        coalesce(amount_before, 0) as amount_before,
        close_date_before,
        is_open_after,
        coalesce(amount_after, 0) as amount_after,
        close_date_after,
        stage_kind_after,
        is_open_within
    from {{ ref('int_pipeline_weeks') }}
),

opportunities as (
    select
        opportunity_key,
        {{ week_of('created_date') }} as created_week_start_date,
        is_won,
        is_closed and closed_at < created_at as is_never_open
    from {{ ref('fct_opportunity') }}
),

-- A deal that came and went within the week came with what it went with.
judged as (
    select
        weeks.*,
        case
            when weeks.is_open_before or opportunities.is_never_open then null
            when weeks.week_start_date = opportunities.created_week_start_date then 'new'
            when weeks.is_open_after or weeks.is_open_within then 'reopened'
        end as entry,
        case
            when weeks.is_open_after then null
            when weeks.stage_kind_after in ('won', 'collected') then 'won'
            when weeks.stage_kind_after in ('lost', 'disqualified') then weeks.stage_kind_after
            when opportunities.is_won then 'won'
            else 'lost'
        end as outcome,
        weeks.is_open_before and weeks.is_open_after as is_open_throughout,
        weeks.amount_after - weeks.amount_before as amount_change
    from weeks
    inner join opportunities
        on weeks.opportunity_key = opportunities.opportunity_key
),

movements as (
    select
        *,
        entry as movement,
        amount_after as amount
    from judged
    where entry is not null

    union all

    select
        *,
        outcome as movement,
        case when is_open_before then -amount_before else -amount_after end as amount
    from judged
    where outcome is not null and (is_open_before or entry is not null)

    union all

    select
        *,
        case when amount_change > 0 then 'grown' else 'shrunk' end as movement,
        amount_change as amount
    from judged
    where is_open_throughout and amount_change <> 0

    union all

    select
        *,
        case
            when close_date_after < close_date_before then 'pulled_in'
            when
                close_date_before >= week_start_date
                and close_date_before < {{ add_days('week_start_date', 7) }}
                then 'slipped'
            else 'pushed'
        end as movement,
        0 as amount
    from judged
    where is_open_throughout and close_date_after <> close_date_before
),

final as (
    select
        tenant,
        pipeline_id,
        week_start_date,
        movement,
        currency_code,
        count(*) as deal_count,
        cast(sum(amount) as decimal(18, 2)) as amount
    from movements
    group by
        tenant,
        pipeline_id,
        week_start_date,
        movement,
        currency_code
)

select * from final
