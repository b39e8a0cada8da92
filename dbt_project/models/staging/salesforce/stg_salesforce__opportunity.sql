with

landed as (
    select * from {{ landed('salesforce', 'opportunity') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        name,
        account_id,
        contract_id,
        owner_id,
        stage_name,
        amount,
        upper(currency_iso_code) as currency_code,
        cast(probability * cast(0.01 as decimal(3, 2)) as decimal(18, 6)) as probability_rate,
        close_date,
        type,
        lead_source,
        loss_reason,
        next_step,
        is_closed,
        is_won,
        closed_at,
        discovery_completed_at,
        proposal_sent_at,
        customer_committed_at,
        contract_signed_at,
        created_date as created_at,
        system_modstamp as modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
