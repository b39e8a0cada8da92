with

landed as (
    select * from {{ landed('policy', 'pay_code') }}
),

final as (
    select
        pay_code,
        is_commission,
        valid_from,
        valid_to,
        {{ landing_columns() }}
    from landed
)

select * from final
