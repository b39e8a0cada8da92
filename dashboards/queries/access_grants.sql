select
    user_name,
    role,
    tenant,
    employee_number
from dim_access_grant
order by user_name, tenant
