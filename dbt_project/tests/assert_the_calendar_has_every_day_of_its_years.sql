-- A failing row is a year of a tenant that lacks days, or has one twice.
select
    tenant,
    year_start_date
from {{ ref('dim_date') }}
group by
    tenant,
    year_start_date
having
    count(*) <> {{ dbt.datediff('year_start_date', add_months('year_start_date', '12'), 'day') }}
