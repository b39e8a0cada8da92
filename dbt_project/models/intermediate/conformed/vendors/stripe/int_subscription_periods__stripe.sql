with

-- Stripe knows the period that runs; those before it are in the versions that have landed.
versions as (
    select
        *,
        {{ json_elements('items') }} as item
    from {{ ref('stg_stripe__subscription') }}
),

periods as (
    select
        *,
        {{ json_text('item', 'id') }} || ':' || {{ json_text('item', 'current_period_start') }}
            as period_id,
        cast({{ json_text('item', 'quantity') }} as decimal(9, 0)) as quantity
    from versions
),

latest as (
    select * from {{ latest_known('periods', 'period_id') }}
),

final as (
    select
        {{ surrogate_key("'stripe'", 'source_tenant', 'period_id') }} as subscription_period_key,
        'stripe' as source_system,
        source_tenant,
        period_id as source_id,
        id as contract_source_id,
        {{ json_text('item', 'price.product') }} as product_source_id,
        cast(quantity as decimal(18, 2)) as quantity,
        {{ from_minor_units(
            'round(quantity * cast('
            ~ json_text('item', 'price.unit_amount_decimal') ~ ' as decimal(28, 6)))',
            'currency_code'
        ) }} as amount,
        currency_code,
        {{ from_epoch("cast(" ~ json_text('item', 'current_period_start') ~ " as bigint)") }}
            as period_start_at,
        {{ from_epoch("cast(" ~ json_text('item', 'current_period_end') ~ " as bigint)") }}
            as period_end_at,
        {{ from_epoch("cast(" ~ json_text('item', 'current_period_start') ~ " as bigint)") }}
            as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        false as is_deleted
    from latest
    where period_id is not null
)

select * from final
