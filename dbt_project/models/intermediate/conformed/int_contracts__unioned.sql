with

final as (
    select * from {{ ref('int_contracts__salesforce') }}

    union all

    select * from {{ ref('int_contracts__stripe') }}

    union all

    select * from {{ ref('int_contracts__files') }}
)

select * from final
