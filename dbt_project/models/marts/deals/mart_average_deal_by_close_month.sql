with

won as (
    select
        tenant,
        pipeline_id,
        closed_month as close_month,
        new_or_repeat,
        customer_source_id,
        created_at,
        is_qualified,
        amount_at_close,
        currency_code,
        row_number() over (
            partition by
                tenant,
                pipeline_id,
                closed_month,
                new_or_repeat,
                case when amount_at_close is null then 0 else 1 end
            order by amount_at_close
        ) as amount_rank,
        count(amount_at_close) over (
            partition by tenant, pipeline_id, closed_month, new_or_repeat
        ) as ranked_count
    from {{ ref('int_deals') }}
    where outcome = 'won'
),

first_invoices as (
    select
        tenant,
        crm_account_source_id,
        min(issued_at) as first_issued_at
    from {{ ref('fct_invoice') }}
    where is_issued
    group by
        tenant,
        crm_account_source_id
),

-- New to the sales team, and old to the accountants: the two books disagree on who is new.
compared as (
    select
        won.*,
        won.new_or_repeat = 'new'
        and first_invoices.first_issued_at < won.created_at as is_invoiced_before,
        won.amount_rank = (won.ranked_count + 1) // 2 as is_median
    from won
    left join first_invoices
        on
            won.tenant = first_invoices.tenant
            and won.customer_source_id = first_invoices.crm_account_source_id
),

counted as (
    select
        tenant,
        pipeline_id,
        close_month,
        new_or_repeat,
        count(*) as won_count,
        count(amount_at_close) as amount_known_count,
        cast(sum(amount_at_close) as decimal(18, 2)) as won_amount,
        max(case when is_median then amount_at_close end) as median_amount,
        count(case when is_qualified then 1 end) as qualified_won_count,
        cast(sum(case when is_qualified then amount_at_close end) as decimal(18, 2))
            as qualified_won_amount,
        cast(sum(case when not is_qualified then amount_at_close end) as decimal(18, 2))
            as unqualified_won_amount,
        count(case when is_invoiced_before then 1 end) as invoiced_before_count,
        currency_code
    from compared
    group by
        tenant,
        pipeline_id,
        close_month,
        new_or_repeat,
        currency_code
),

final as (
    select
        tenant,
        pipeline_id,
        close_month,
        new_or_repeat,
        won_count,
        amount_known_count,
        won_amount,
        {{ rd_ratio('won_amount', 1, 'amount_known_count') }} as average_amount,
        median_amount,
        qualified_won_count,
        won_count - qualified_won_count as unqualified_won_count,
        qualified_won_amount,
        unqualified_won_amount,
        invoiced_before_count,
        currency_code
    from counted
)

select * from final
