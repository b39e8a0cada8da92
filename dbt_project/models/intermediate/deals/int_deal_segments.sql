{{ config(materialized='view') }}

with

deals as (
    select * from {{ ref('int_deals') }}
),

segments as (
    select kinds.segment_kind
    from (
        values ('all'), ('owner'), ('region'), ('new_or_repeat'), ('lead_source')
    ) as kinds (segment_kind)
),

final as (
    select
        deals.tenant,
        deals.pipeline_id,
        segments.segment_kind,
        case segments.segment_kind
            when 'all' then '(all)'
            when 'owner' then coalesce(deals.responsible_source_id, '(none)')
            when 'region' then deals.region
            when 'new_or_repeat' then deals.new_or_repeat
            when 'lead_source' then coalesce(deals.lead_source, '(none)')
        end as segment_id,
        deals.created_month,
        deals.closed_month,
        deals.outcome,
        deals.is_qualified,
        deals.amount_at_created,
        deals.amount_at_close,
        deals.currency_code
    from deals
    cross join segments
)

select * from final
