-- A failing row is an entry without its stage: policy does not map the name, and no gate saw it.
select
    tenant,
    case_id,
    stage_name,
    entered_at
from {{ ref('fct_stage_event') }}
where stage_id is null or stage_order is null or stage_kind is null
