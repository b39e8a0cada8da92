with

leads as (
    select
        tenant,
        created_date,
        lead_source,
        owner_source_id,
        converted_at,
        row_number() over (
            partition by
                tenant,
                lower(trim(company_name)),
                case when coalesce(trim(company_name), '') = '' then lead_key end
            order by created_at, source_id, lead_key
        ) as number_of_company
    from {{ ref('fct_lead') }}
),

-- A lead without a company's name cannot be told to be one that came before.
final as (
    select
        tenant,
        created_date,
        lead_source,
        owner_source_id,
        count(*) as leads_count,
        count(converted_at) as converted_count,
        count(case when number_of_company > 1 then 1 end) as duplicate_count
    from leads
    group by
        tenant,
        created_date,
        lead_source,
        owner_source_id
)

select * from final
