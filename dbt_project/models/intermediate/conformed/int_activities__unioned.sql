with

final as (
    select * from {{ ref('int_activities__salesforce') }}

    union all

    select * from {{ ref('int_activities__files') }}
)

select * from final
