with

final as (
    select * from {{ ref('int_accounts__salesforce') }}

    union all

    select * from {{ ref('int_accounts__stripe') }}

    union all

    select * from {{ ref('int_accounts__zendesk') }}

    union all

    select * from {{ ref('int_accounts__request_tracker') }}

    union all

    select * from {{ ref('int_accounts__tryton') }}

    union all

    select * from {{ ref('int_accounts__roundup') }}

    union all

    select * from {{ ref('int_accounts__files') }}
)

select * from final
