with

opportunity_changes as (
    select * from {{ latest_known(ref('stg_salesforce__opportunity_field_history'), 'id') }}
),

lead_changes as (
    select * from {{ latest_known(ref('stg_salesforce__lead_history'), 'id') }}
),

changes as (
    select
        source_tenant,
        id,
        'opportunity' as record_type,
        opportunity_id as record_id,
        field,
        old_value,
        new_value,
        created_at,
        _recorded_at,
        _is_backfilled,
        is_deleted
    from opportunity_changes

    union all

    select
        source_tenant,
        id,
        'lead' as record_type,
        lead_id as record_id,
        field,
        old_value,
        new_value,
        created_at,
        _recorded_at,
        _is_backfilled,
        is_deleted
    from lead_changes
    where field <> 'Status'
),

-- A changed owner leaves two rows, one with names and one with user ids: the ids are kept.
final as (
    select
        {{ surrogate_key("'salesforce'", 'source_tenant', 'id') }} as field_change_key,
        'salesforce' as source_system,
        source_tenant,
        id as source_id,
        record_type,
        record_id as record_source_id,
        case field
            when 'Owner' then 'owner'
            when 'Amount' then 'amount'
            when 'CloseDate' then 'close_date'
            when 'StageName' then 'stage'
            when 'NextStep' then 'next_step'
            when 'Loss_Reason__c' then 'loss_reason'
            when 'Discovery_Completed__c' then 'discovery_completed_at'
            when 'Proposal_Sent__c' then 'proposal_sent_at'
            when 'Customer_Committed__c' then 'customer_committed_at'
            when 'Contract_Signed__c' then 'contract_signed_at'
            else lower(field)
        end as field_name,
        old_value,
        new_value,
        created_at as changed_at,
        created_at as effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from changes
    where
        field <> 'Owner'
        or (
            coalesce(old_value, '005') like '005%'
            and coalesce(new_value, '005') like '005%'
        )
)

select * from final
