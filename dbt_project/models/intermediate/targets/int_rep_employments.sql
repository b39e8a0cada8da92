with

final as (
    select
        tenant,
        employee_number,
        min(hired_on) as first_day,
        case when count(*) = count(ended_on) then max(ended_on) end as ended_on
    from {{ ref('dim_rep') }}
    where employee_number is not null
    group by tenant, employee_number
)

select * from final
