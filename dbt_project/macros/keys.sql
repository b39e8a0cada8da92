{#-
    Surrogate key: the first 60 bits of md5 over source_system|source_tenant|id, as a bigint.

    Systems and tenants hold no `|`, so the last part may hold anything. Null in, null out.
-#}
{% macro surrogate_key(source_system, source_tenant, source_id) -%}
    {{ hash_60(source_system ~ " || '|' || " ~ source_tenant ~ " || '|' || " ~ source_id) }}
{%- endmacro %}

{% macro hash_60(text) -%}
    cast('0x' || substring(md5({{ text }}), 1, 15) as bigint)
{%- endmacro %}

{#- Ids under which systems file buyers whom they do not know. -#}
{% macro no_customer_ids() -%}
    ('', '0', 'guest', 'unknown')
{%- endmacro %}
