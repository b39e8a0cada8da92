{#- Whether a case in a stage of this kind is on its way, or there; lost and disqualified ones left. -#}
{% macro is_counted(stage_kind) -%}
    {{ stage_kind }} in ('open', 'won', 'collected')
{%- endmacro %}

{#- Whether a stage of this kind ends a case without a win, be it lost or never one to win. -#}
{% macro is_lost(stage_kind) -%}
    {{ stage_kind }} in ('lost', 'disqualified')
{%- endmacro %}
