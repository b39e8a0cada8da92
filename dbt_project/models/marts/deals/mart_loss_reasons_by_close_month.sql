with

lost as (
    select
        opportunity_key,
        tenant,
        pipeline_id,
        closed_month as close_month,
        coalesce(loss_reason, '(unknown)') as loss_reason,
        new_or_repeat,
        owner_source_id_at_close,
        closed_at,
        is_qualified,
        amount_at_close,
        currency_code
    from {{ ref('int_deals') }}
    where outcome = 'lost'
),

reasons_given as (
    select
        {{ surrogate_key('source_system', 'source_tenant', 'record_source_id') }}
            as opportunity_key,
        max(changed_at) as changed_at
    from {{ ref('int_field_changes__unioned') }}
    where
        record_type = 'opportunity'
        and field_name = 'loss_reason'
        and new_value is not null
        and not is_deleted
        and changed_at < {{ as_of_at() }}
    group by {{ surrogate_key('source_system', 'source_tenant', 'record_source_id') }}
),

counted as (
    select
        lost.tenant,
        lost.pipeline_id,
        lost.close_month,
        lost.loss_reason,
        lost.new_or_repeat,
        count(*) as lost_count,
        cast(sum(lost.amount_at_close) as decimal(18, 2)) as lost_amount,
        count(
            case
                when {{ seconds_between('lost.closed_at', 'reasons_given.changed_at') }} > 86400
                    then 1
            end
        ) as reason_after_close_count,
        count(habits.loss_reason) as habitual_reason_count,
        count(case when lost.is_qualified then 1 end) as qualified_lost_count,
        lost.currency_code
    from lost
    left join reasons_given
        on lost.opportunity_key = reasons_given.opportunity_key
    left join {{ ref('int_loss_habits') }} as habits
        on
            lost.tenant = habits.tenant
            and lost.pipeline_id = habits.pipeline_id
            and lost.owner_source_id_at_close = habits.owner_source_id_at_close
            and lost.close_month = habits.closed_month
            and lost.loss_reason = habits.loss_reason
    group by
        lost.tenant,
        lost.pipeline_id,
        lost.close_month,
        lost.loss_reason,
        lost.new_or_repeat,
        lost.currency_code
),

ranked as (
    select
        *,
        row_number() over (
            partition by tenant, pipeline_id, close_month
            order by lost_count desc, loss_reason asc, new_or_repeat asc
        ) as rank_by_count,
        sum(lost_count) over (
            partition by tenant, pipeline_id, close_month
            order by lost_count desc, loss_reason asc, new_or_repeat asc
            rows between unbounded preceding and current row
        ) as cumulative_count,
        sum(lost_count) over (partition by tenant, pipeline_id, close_month) as month_count,
        sum(lost_amount) over (partition by tenant, pipeline_id, close_month) as month_amount
    from counted
),

final as (
    select
        tenant,
        pipeline_id,
        close_month,
        loss_reason,
        new_or_repeat,
        lost_count,
        lost_amount,
        {{ ratio_rate('lost_count', 'month_count') }} as lost_count_share_rate,
        {{ ratio_rate('lost_amount', 'month_amount') }} as lost_amount_share_rate,
        cast(rank_by_count as bigint) as rank_by_count,
        {{ ratio_rate('cumulative_count', 'month_count') }} as cumulative_count_share_rate,
        reason_after_close_count,
        habitual_reason_count,
        qualified_lost_count,
        lost_count - qualified_lost_count as unqualified_lost_count,
        currency_code
    from ranked
)

select * from final
