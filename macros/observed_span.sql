{% macro in_observed_span(day) -%}
    {#- Whether the day is one that the log covers, and not a stray one of a wrong clock. -#}
    {{ day }} between (select span.first_date from {{ ref('int_observed_span') }} as span)
        and (select span.last_date from {{ ref('int_observed_span') }} as span)
{%- endmacro %}
