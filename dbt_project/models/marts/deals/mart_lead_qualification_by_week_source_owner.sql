with

leads as (
    select
        lead_key,
        tenant,
        source_id,
        lead_source,
        owner_source_id,
        opportunity_key,
        created_at,
        {{ week_of('created_date') }} as week_start_date,
        row_number() over (
            partition by
                tenant,
                lower(trim(company_name)),
                case when coalesce(trim(company_name), '') = '' then lead_key end
            order by created_at, source_id, lead_key
        ) as number_of_company
    from {{ ref('fct_lead') }}
),

progress as (
    select
        lead_key,
        converted_at,
        is_worked,
        is_qualified,
        is_disqualified
    from {{ ref('int_lead_progress') }}
),

opportunities as (
    select
        opportunity_key,
        created_at
    from {{ ref('fct_opportunity') }}
),

-- A deal that was there before the lead, or that another lead became, is joined and not made.
judged as (
    select
        leads.*,
        progress.is_worked,
        progress.is_qualified,
        progress.is_disqualified,
        progress.converted_at is not null as is_converted,
        progress.converted_at is not null
        and opportunities.opportunity_key is not null
        and (
            opportunities.created_at < leads.created_at
            or row_number() over (
                partition by
                    opportunities.opportunity_key,
                    case when progress.converted_at is null then 1 else 0 end
                order by progress.converted_at, leads.created_at, leads.source_id
            ) > 1
        ) as has_joined
    from leads
    inner join progress
        on leads.lead_key = progress.lead_key
    left join opportunities
        on leads.opportunity_key = opportunities.opportunity_key
),

final as (
    select
        tenant,
        week_start_date,
        lead_source,
        owner_source_id,
        count(*) as leads_count,
        count(case when is_worked then 1 end) as worked_count,
        count(case when is_qualified then 1 end) as qualified_count,
        count(case when is_disqualified then 1 end) as disqualified_count,
        count(case when is_converted then 1 end) as converted_count,
        count(case when is_qualified and is_converted then 1 end) as qualified_converted_count,
        count(case when is_converted and not is_qualified then 1 end)
            as converted_without_qualification_count,
        count(case when has_joined then 1 end) as joined_existing_count,
        count(case when number_of_company > 1 then 1 end) as duplicate_count,
        {{ ratio_rate(
            'count(case when is_qualified then 1 end)', 'count(case when is_worked then 1 end)'
        ) }} as qualified_rate,
        {{ ratio_rate(
            'count(case when is_qualified and is_converted then 1 end)',
            'count(case when is_qualified then 1 end)'
        ) }} as qualified_conversion_rate,
        {{ add_days('week_start_date', '6') }} > {{ as_of_date() }} as is_partial
    from judged
    group by
        tenant,
        week_start_date,
        lead_source,
        owner_source_id
)

select * from final
