-- A failing row is an open deal that stands among the stale deals and not here, or the other way.
select
    coalesce(steps.tenant, deals.tenant) as tenant,
    coalesce(steps.opportunity_source_id, deals.opportunity_source_id) as opportunity_source_id
from {{ ref('mart_next_step') }} as steps
full outer join {{ ref('mart_stale_deals') }} as deals
    on
        steps.tenant = deals.tenant
        and steps.opportunity_source_id = deals.opportunity_source_id
where
    steps.tenant is null
    or deals.tenant is null
    or steps.stage_id is distinct from deals.stage_id
