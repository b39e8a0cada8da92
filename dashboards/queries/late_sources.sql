select
    source_system,
    case
        when max(case when state = 'late' then 1 else 0 end) = 1 then 'late'
        when max(case when state = 'never_loaded' then 1 else 0 end) = 1 then 'never_loaded'
        else 'failing'
    end as state,
    min(last_loaded_at) as last_loaded_at,
    min(failing_since) as failing_since,
    max_by(failure_kind, failing_since) as failure_kind
from mart_freshness_by_source_tenant_resource
where tenant = $tenant
    and (state in ('late', 'never_loaded') or failing_since is not null)
group by source_system
order by source_system
