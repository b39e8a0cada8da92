with

final as (
    select
        fx_rate_id,
        rate_type,
        from_currency,
        to_currency,
        rate,
        valid_from,
        valid_to
    from {{ latest_policy('fx_rate') }}
)

select * from final
