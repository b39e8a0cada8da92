with

final as (
    select * from {{ ref('int_blockers__files') }}
)

select * from final
