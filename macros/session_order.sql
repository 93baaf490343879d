{# The order of a session's events: stamp, then depth of the action, then the log's own order. #}

{% macro first_in_session(column, events='events') -%}
    argMin({{ column }}, ({{ events }}.occurred_at, {{ events }}.action_rank, {{ events }}.row_index))
{%- endmacro %}


{% macro last_in_session(column, events='events') -%}
    argMax({{ column }}, ({{ events }}.occurred_at, {{ events }}.action_rank, {{ events }}.row_index))
{%- endmacro %}
