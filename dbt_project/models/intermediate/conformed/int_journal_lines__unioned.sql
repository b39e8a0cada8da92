with

final as (
    select * from {{ ref('int_journal_lines__tryton') }}

    union all

    select * from {{ ref('int_journal_lines__files') }}
)

select * from final
