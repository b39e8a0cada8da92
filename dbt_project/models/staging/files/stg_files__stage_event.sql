with

landed as (
    select * from {{ landed('files', 'stage_event') }}
),

final as (
    select
        source_tenant,
        source_id,
        record_type,
        record_source_id,
        stage_name,
        entered_at,
        amount,
        currency_code,
        close_date,
        changed_by_source_id,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
