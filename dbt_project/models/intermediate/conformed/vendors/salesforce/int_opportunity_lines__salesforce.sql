with

latest_opportunity_line_items as (
    select * from {{ latest_known(ref('stg_salesforce__opportunity_line_item'), 'id') }}
),

final as (
    select
        {{ surrogate_key("'salesforce'", 'source_tenant', 'id') }} as opportunity_line_key,
        'salesforce' as source_system,
        source_tenant,
        id as source_id,
        opportunity_id as opportunity_source_id,
        product_code,
        product_family as product_line,
        quantity,
        unit_price as unit_price_amount,
        total_price as line_amount,
        currency_code,
        modified_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from latest_opportunity_line_items
)

select * from final
