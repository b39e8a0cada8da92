with

won_deals as (
    select
        tenant,
        region,
        employee_number,
        amount_at_close,
        {{ seconds_between('created_at', 'closed_at') }} as cycle_seconds
    from {{ ref('int_deals') }}
    where
        outcome = 'won'
        and pipeline_type = 'opportunity'
        and closed_month >= {{ add_months(as_of_month(), '-12') }}
        and closed_month < {{ as_of_month() }}
),

first_entries as (
    select
        events.tenant,
        events.case_id,
        min(events.entered_month) as entered_month
    from {{ ref('fct_stage_event') }} as events
    inner join {{ ref('int_pipelines') }} as pipelines
        on events.pipeline_id = pipelines.pipeline_id
    where {{ is_counted('events.stage_kind') }} and pipelines.pipeline_type = 'opportunity'
    group by events.tenant, events.case_id
),

gathered as (
    select
        *,
        1 as won_count,
        0 as case_count,
        0 as won_case_count
    from won_deals

    union all

    select
        places.tenant,
        places.region,
        places.employee_number,
        cast(null as decimal(18, 2)) as amount_at_close,
        cast(null as bigint) as cycle_seconds,
        0 as won_count,
        1 as case_count,
        case when places.is_won then 1 else 0 end as won_case_count
    from first_entries
    inner join {{ ref('int_case_places') }} as places
        on
            first_entries.tenant = places.tenant
            and first_entries.case_id = places.case_id
    where
        first_entries.entered_month >= {{ add_months(as_of_month(), '-12') }}
        and first_entries.entered_month < {{ as_of_month() }}
),

placed as (
    select
        gathered.*,
        scopes.scope_kind,
        case scopes.scope_kind
            when 'tenant' then '*'
            when 'region' then gathered.region
            else gathered.employee_number
        end as scope_id
    from gathered
    cross join (values ('tenant'), ('region'), ('rep')) as scopes (scope_kind)
),

summed as (
    select
        tenant,
        scope_kind,
        scope_id,
        cast(sum(won_count) as int) as won_count,
        cast(count(amount_at_close) as int) as known_amount_count,
        cast(sum(amount_at_close) as decimal(18, 2)) as won_amount,
        {{ percentile('cycle_seconds', 50) }} as median_cycle_seconds,
        cast(sum(case_count) as int) as case_count,
        cast(sum(won_case_count) as int) as won_case_count
    from placed
    where scope_id is not null
    group by tenant, scope_kind, scope_id
),

-- Ten deals tell something of a rep or a region; the tenant is all there is.
final as (
    select
        *,
        won_count >= case when scope_kind = 'tenant' then 1 else 10 end
        and coalesce(won_amount > 0, false)
        and won_case_count > 0 as is_enough
    from summed
)

select * from final
