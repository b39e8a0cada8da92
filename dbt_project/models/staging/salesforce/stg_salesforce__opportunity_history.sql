with

landed as (
    select * from {{ landed('salesforce', 'opportunity_history') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        opportunity_id,
        stage_name,
        amount,
        close_date,
        cast(probability * cast(0.01 as decimal(3, 2)) as decimal(18, 6)) as probability_rate,
        upper(currency_iso_code) as currency_code,
        created_by_id,
        created_date as created_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
