with

landed as (
    select * from {{ landed('files', 'channel_spend') }}
),

final as (
    select
        source_tenant,
        source_id,
        channel,
        campaign_source_id,
        campaign_name,
        period_start_on,
        period_end_on,
        amount,
        currency_code,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
