with

final as (
    select * from {{ ref('int_payroll_lines__files') }}
)

select * from final
