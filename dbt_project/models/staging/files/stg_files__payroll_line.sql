with

landed as (
    select * from {{ landed('files', 'payroll_line') }}
),

final as (
    select
        source_tenant,
        source_id,
        employee_number,
        pay_date,
        pay_code,
        gross_amount,
        currency_code,
        document_id,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
