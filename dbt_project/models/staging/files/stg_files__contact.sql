with

landed as (
    select * from {{ landed('files', 'contact') }}
),

final as (
    select
        source_tenant,
        source_id,
        account_source_id,
        email_domain,
        job_title,
        department,
        owner_source_id,
        is_active,
        created_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
