with

final as (
    select * from {{ ref('int_subscription_periods__stripe') }}

    union all

    select * from {{ ref('int_subscription_periods__files') }}
)

select * from final
