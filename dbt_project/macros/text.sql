{#- The bare domain of a web address, lower case: `https://www.Example.com/x` -> `example.com`. -#}
{% macro domain_of(address) -%}
    nullif(
        regexp_replace(
            split_part(regexp_replace(lower(trim({{ address }})), '^[a-z]+://', ''), '/', 1),
            '^www\.', ''
        ),
        ''
    )
{%- endmacro %}

{#- One row per element of a JSON list, each as JSON. A null or empty list gives none. -#}
{% macro json_elements(list) -%}
    unnest(cast(json_extract({{ list }}, '$[*]') as json[]))
{%- endmacro %}

{#- The sum of a whole-number field over a JSON list of objects; 0 without any. -#}
{% macro json_total(list, field) -%}
    coalesce(list_sum(cast(json_extract({{ list }}, '$[*].{{ field }}') as bigint[])), 0)
{%- endmacro %}

{#- A field of a JSON object as text; a path of names leads deeper. -#}
{% macro json_text(object, field) -%}
    json_extract_string({{ object }}, '$.{{ field }}')
{%- endmacro %}

{#- The texts of a group in one, in the order of some columns, with `, ` between them. -#}
{% macro joined_texts(text, order) -%}
    {{ dbt.listagg(text, "', '", 'order by ' ~ order) }}
{%- endmacro %}
