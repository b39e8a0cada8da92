with

final as (
    select * from {{ ref('int_field_changes__salesforce') }}

    union all

    select * from {{ ref('int_field_changes__files') }}
)

select * from final
