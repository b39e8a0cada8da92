-- A failing row is an id that two systems of one tenant both use: cases would merge.
select
    tenant,
    source_id,
    count(*) as opportunity_count
from {{ ref('fct_opportunity') }}
group by
    tenant,
    source_id
having count(*) > 1
