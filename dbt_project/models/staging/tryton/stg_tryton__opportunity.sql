with

landed as (
    select * from {{ landed('tryton', 'opportunity') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        number,
        description,
        party,
        employee,
        state,
        amount,
        upper(currency_code) as currency_code,
        conversion_probability as probability_rate,
        start_date,
        end_date,
        lost_reason,
        coalesce(changed_by, created_by) as changed_by,
        created_at,
        modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
