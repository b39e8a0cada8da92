{#- The canonical status of one of Roundup's classic tracker. -#}
{% macro roundup_status(status) -%}
    case
        when {{ status }} = 'unread' then 'new'
        when {{ status }} in ('chatting', 'in-progress', 'testing') then 'open'
        when {{ status }} = 'need-eg' then 'pending'
        when {{ status }} = 'deferred' then 'hold'
        when {{ status }} in ('done-cbb', 'resolved') then 'solved'
    end
{%- endmacro %}
