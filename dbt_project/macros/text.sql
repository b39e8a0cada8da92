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

{#- A field of a JSON object as text. -#}
{% macro json_text(object, field) -%}
    json_extract_string({{ object }}, '$.{{ field }}')
{%- endmacro %}
