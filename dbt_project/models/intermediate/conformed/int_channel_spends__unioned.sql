with

final as (
    select * from {{ ref('int_channel_spends__salesforce') }}

    union all

    select * from {{ ref('int_channel_spends__files') }}
)

select * from final
