with

grants as (
    select
        user_name,
        tenant,
        role,
        employee_number,
        valid_from,
        valid_to
    from {{ ref('stg_policy__access_grant') }}
),

final as (
    select
        grants.user_name,
        grants.tenant,
        grants.role,
        grants.employee_number
    from grants
    where {{ is_valid_on(as_of_date(), 'grants') }}
)

select * from final
