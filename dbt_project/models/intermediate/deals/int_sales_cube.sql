{{ config(materialized='view') }}

with

won as (
    select
        opportunity_key,
        tenant,
        closed_month as close_month,
        closed_date,
        pipeline_type,
        region,
        coalesce(owner_source_id_at_close, '(none)') as owner_source_id,
        amount_at_close,
        currency_code
    from {{ ref('int_deals') }}
    where outcome = 'won'
),

lines as (
    select
        {{ surrogate_key('source_system', 'source_tenant', 'opportunity_source_id') }}
            as opportunity_key,
        source_id,
        coalesce(product_line, '(none)') as product_line,
        line_amount,
        currency_code
    from {{ ref('int_opportunity_lines__unioned') }}
    where not is_deleted
),

-- A deal without lines is one line of its own amount.
sold as (
    select
        won.opportunity_key,
        won.tenant,
        won.close_month,
        won.pipeline_type,
        won.region,
        coalesce(lines.product_line, '(no lines)') as product_line,
        won.owner_source_id,
        lines.source_id as line_source_id,
        won.amount_at_close,
        case
            when lines.opportunity_key is null then won.amount_at_close
            else {{ rd_rate('lines.line_amount', 'plan_rates.rate') }}
        end as net_amount,
        won.currency_code
    from won
    left join lines
        on won.opportunity_key = lines.opportunity_key
    {{ join_plan_rate('lines.currency_code', 'won.currency_code', 'won.closed_date') }}
),

-- What a deal's lines leave over, or exceed it by, stands once: on its first line.
compared as (
    select
        *,
        case
            when row_number() over (partition by opportunity_key order by line_source_id) = 1
                then coalesce(amount_at_close, 0)
                    - coalesce(sum(net_amount) over (partition by opportunity_key), 0)
            else 0
        end as difference_amount
    from sold
),

final as (
    select
        tenant,
        close_month,
        pipeline_type,
        region,
        product_line,
        owner_source_id,
        count(distinct opportunity_key) as deal_count,
        count(*) as line_count,
        cast(sum(net_amount) as decimal(18, 2)) as net_amount,
        cast(sum(difference_amount) as decimal(18, 2)) as line_deal_difference_amount,
        currency_code
    from compared
    group by
        tenant,
        close_month,
        pipeline_type,
        region,
        product_line,
        owner_source_id,
        currency_code
)

select * from final
