with

final as (
    select * from {{ ref('int_stage_events__salesforce') }}

    union all

    select * from {{ ref('int_stage_events__tryton') }}

    union all

    select * from {{ ref('int_stage_events__files') }}
)

select * from final
