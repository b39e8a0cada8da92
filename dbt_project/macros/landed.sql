{#-
    The rows of the new loads of one resource, each with the `_commit_seq` of its load.

    Rows that the raw gate set aside are left out. Loads that this model already holds are left
    out too, so that a build which died half-way is simply run again.
-#}
{% macro landed(source_name, resource) -%}
    {%- set name = source_name ~ '.' ~ resource -%}
    {%- set paths = var('landed', {}).get(name, []) -%}
    {%- if execute and not paths -%}
        {{ exceptions.raise_compiler_error(
            "var `landed` has no file for '" ~ name ~ "'; build.py lists an empty one at least"
        ) }}
    {%- endif -%}
    (
        select
            landed.*,
            loads.commit_seq as _commit_seq
        from read_parquet(
            [
                {%- for path in paths %}
                '{{ path | replace("'", "''") }}'{{ ',' if not loop.last }}
                {%- endfor %}
            ],
            union_by_name = true
        ) as landed
        inner join {{ source('meta', 'load') }} as loads
            on landed._load_id = loads.load_id
        left join {{ source('quality', 'raw_quarantine') }} as refused
            on
                landed._load_id = refused.load_id
                and landed._row_number = refused.row_number
        where
            refused.load_id is null
            {%- if is_incremental() %}
            and landed._load_id not in (select known._load_id from {{ this }} as known)
            {%- endif %}
    )
{%- endmacro %}

{#- What every staged row keeps of its landing: enough to tell versions apart. -#}
{% macro landing_columns() -%}
    _load_id,
        _row_number,
        _page,
        _commit_seq,
        _recorded_at,
        _is_backfilled
{%- endmacro %}

{#-
    The latest version of each row that was recorded before the build's cut-off. Most rows have one
    version: only those of which there are more are ranked, and the older ones left out.
-#}
{% macro latest_known(relation, key) -%}
    (
        select staged.*
        from {{ relation }} as staged
        left join (
            select
                versions.*,
                row_number() over (
                    partition by versions.source_tenant, versions.{{ key }}
                    order by
                        versions._commit_seq desc, versions._page desc, versions._row_number desc
                ) as version_rank
            from (
                select
                    known.source_tenant,
                    known.{{ key }},
                    known._commit_seq,
                    known._page,
                    known._row_number
                from {{ relation }} as known
                where known._recorded_at < {{ as_of_at() }}
            ) as versions
            inner join (
                select
                    known.source_tenant,
                    known.{{ key }}
                from {{ relation }} as known
                where known._recorded_at < {{ as_of_at() }}
                group by known.source_tenant, known.{{ key }}
                having count(*) > 1
            ) as repeated
                on
                    versions.source_tenant = repeated.source_tenant
                    and versions.{{ key }} = repeated.{{ key }}
        ) as ranked
            on
                staged.source_tenant = ranked.source_tenant
                and staged.{{ key }} = ranked.{{ key }}
                and staged._commit_seq = ranked._commit_seq
                and staged._row_number = ranked._row_number
        where
            staged._recorded_at < {{ as_of_at() }}
            and coalesce(ranked.version_rank, 1) = 1
    )
{%- endmacro %}

{#-
    A policy table as the last load known by the cut-off tells it. Every load is the whole table,
    so an emptied table is an empty table, not the one before. The first load is a back-fill: each
    of its rows is known from its own `valid_from` on.
-#}
{% macro latest_policy(table) -%}
    (
        select landed.*
        from {{ ref('stg_policy_landed__' ~ table) }} as landed
        inner join (
            select max(loads.commit_seq) as commit_seq
            from {{ source('meta', 'load') }} as loads
            where
                loads.source = 'policy'
                and loads.resource = '{{ table }}'
                and (loads.is_backfill or loads.recorded_at < {{ as_of_at() }})
        ) as latest_load
            on landed._commit_seq = latest_load.commit_seq
        where landed._recorded_at < {{ as_of_at() }}
    )
{%- endmacro %}

{#-
    A canonical entity from files: intake has mapped the columns already and put rows that several
    files feed together. A row that no file holds any more has landed once again, as deleted.
-#}
{% macro conformed_file(entity, columns) -%}
with

latest as (
    select * from {{ latest_known(ref('stg_files__' ~ entity), 'source_id') }}
),

final as (
    select
        {{ surrogate_key("'files'", 'source_tenant', 'source_id') }} as {{ entity }}_key,
        'files' as source_system,
        source_tenant,
        source_id,
        {{ columns | join(',\n        ') }},
        effective_at,
        _recorded_at as recorded_at,
        _is_backfilled as is_backfilled,
        is_deleted
    from latest
)

select * from final
{%- endmacro %}
