with

landed as (
    select * from {{ landed('files', 'opportunity') }}
),

final as (
    select
        source_tenant,
        source_id,
        name,
        account_source_id,
        owner_source_id,
        pipeline_id,
        stage_name,
        amount,
        currency_code,
        probability_rate,
        close_date,
        opportunity_type,
        lead_source,
        loss_reason,
        next_step,
        created_at,
        closed_at,
        is_closed,
        is_won,
        discovery_completed_at,
        proposal_sent_at,
        customer_committed_at,
        contract_signed_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
