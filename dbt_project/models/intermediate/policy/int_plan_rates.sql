with

tenants as (
    select currency_code
    from {{ ref('dim_tenant') }}
    group by currency_code
),

plan_rates as (
    select
        fx_rate_id,
        from_currency,
        to_currency,
        rate,
        valid_from,
        valid_to
    from {{ ref('stg_policy__fx_rate') }}
    where rate_type = 'plan' and from_currency <> to_currency
),

-- A tenant's own currency converts at one, so that every amount goes the same way.
final as (
    select
        fx_rate_id,
        from_currency,
        to_currency,
        rate,
        valid_from,
        valid_to
    from plan_rates

    union all

    select
        cast(null as string) as fx_rate_id,
        currency_code as from_currency,
        currency_code as to_currency,
        cast(1 as decimal(18, 6)) as rate,
        cast('0001-01-01' as date) as valid_from,
        cast(null as date) as valid_to
    from tenants
)

select * from final
