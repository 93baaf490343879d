{% macro rows_of_loaded_logs(seed) -%}
    {#- Rows of a seed that name a log in the warehouse, or none: the demo's examples stay out of a real shop's dashboard. -#}
    select * except (log) from {{ seed }}
    where log = ''
        or log in (select logs.contract from {{ ref('int_logs') }} as logs)
{%- endmacro %}
