{#-
    What changed since the last build. A model by case (docs/decisions/0154) is built for the cases
    of int_changed_cases alone: its `pre_hook` takes their rows out, and the model adds them anew
    from the rows of its inputs that are theirs. Where the build is whole, every row is.
-#}

{#- The rows of an input whose key, one or more columns of int_changed_cases, is there. -#}
{% macro of_changed(relation, key) -%}
    {#- dbt learns from its first reading, which has no variables, what the model depends on. -#}
    {%- if not execute or not var('is_whole_build', true) -%}
        {%- set cases = ref('int_changed_cases') -%}
    {%- endif -%}
    {%- if var('is_whole_build', true) -%}
        {{ relation }}
    {%- else -%}
        (
            select known.*
            from {{ relation }} as known
            where ({{ key }}) in (select {{ key }} from {{ cases }})
        )
    {%- endif -%}
{%- endmacro %}

{#- As a pre_hook: the rows of the changed cases go. -#}
{% macro forget_changed(key) -%}
    {%- if not var('is_whole_build', true) -%}
        delete from {{ this }}
        where ({{ key }}) in (select {{ key }} from {{ ref('int_changed_cases') }})
    {%- endif -%}
{%- endmacro %}

{#- One number that tells a row, named by its alias, from any other. -#}
{% macro row_hash(alias) -%}
    hash({{ alias }})
{%- endmacro %}
