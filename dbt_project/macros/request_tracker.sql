{#- The canonical status of one of Request Tracker's default life cycle. -#}
{% macro request_tracker_status(status) -%}
    case {{ status }}
        when 'stalled' then 'pending'
        when 'resolved' then 'solved'
        when 'rejected' then 'closed'
        else {{ status }}
    end
{%- endmacro %}

{#-
    A label where the queue has one for the number, else the number. A number means the label at
    or below it, as in Request Tracker: Low is 0, Medium 50, High 100.
-#}
{% macro request_tracker_priority(priority) -%}
    case
        when lower({{ priority }}) = 'low' then 'low'
        when lower({{ priority }}) = 'medium' then 'normal'
        when lower({{ priority }}) = 'high' then 'high'
        when try_cast({{ priority }} as int) >= 100 then 'high'
        when try_cast({{ priority }} as int) >= 50 then 'normal'
        when try_cast({{ priority }} as int) >= 0 then 'low'
    end
{%- endmacro %}

{#-
    Whether an event says that its ticket was merged into another one. The ticket that lives on gets
    the same event, with itself as the target.
-#}
{% macro request_tracker_is_merged(field, new_value, ticket_id) -%}
    ({{ field }} = 'MergedInto' and split_part({{ new_value }}, '/ticket/', 2) <> {{ ticket_id }})
{%- endmacro %}
