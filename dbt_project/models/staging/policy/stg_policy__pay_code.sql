with

final as (
    select
        pay_code,
        is_commission,
        valid_from,
        valid_to
    from {{ latest_policy('pay_code') }}
)

select * from final
