with

latest_lines as (
    select * from {{ latest_known(ref('stg_tryton__opportunity_line'), 'id') }}
),

latest_opportunities as (
    select * from {{ latest_known(ref('stg_tryton__opportunity'), 'id') }}
),

latest_products as (
    select * from {{ latest_known(ref('stg_tryton__product'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'tryton'", 'latest_lines.source_tenant', 'latest_lines.id') }}
            as opportunity_line_key,
        'tryton' as source_system,
        latest_lines.source_tenant,
        latest_lines.id as source_id,
        latest_lines.opportunity as opportunity_source_id,
        latest_products.code as product_code,
        latest_products.name as product_line,
        latest_lines.quantity,
        cast(null as decimal(18, 2)) as unit_price_amount,
        cast(null as decimal(18, 2)) as line_amount,
        latest_opportunities.currency_code,
        latest_lines.modified_at as effective_at,
        latest_lines._recorded_at as recorded_at,
        latest_lines._is_backfilled as is_backfilled,
        latest_lines.is_deleted
    from latest_lines
    left join latest_opportunities
        on
            latest_lines.source_tenant = latest_opportunities.source_tenant
            and latest_lines.opportunity = latest_opportunities.id
    left join latest_products
        on
            latest_lines.source_tenant = latest_products.source_tenant
            and latest_lines.product = latest_products.id
)

select * from final
