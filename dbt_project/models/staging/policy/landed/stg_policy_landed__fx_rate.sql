with

landed as (
    select * from {{ landed('policy', 'fx_rate') }}
),

final as (
    select
        fx_rate_id,
        rate_type,
        from_currency,
        to_currency,
        rate,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
