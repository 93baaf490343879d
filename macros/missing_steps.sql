{% macro missing_steps_version() -%}
    {#- A number that changes when a log begins or ceases to tell a step of the funnel: every month depends on that. -#}
    coalesce((
        select sipHash64(arraySort(groupArray((toString(logs.contract), logs.has_browsing, logs.has_cart, logs.has_checkout))))
        from {{ ref('int_logs') }} as logs
        where not (logs.has_browsing and logs.has_cart and logs.has_checkout)
    ), 0)
{%- endmacro %}


{% macro log_lacks(contract, flag) -%}
    {{ contract }} in (select logs.contract from logs where not logs.{{ flag }})
{%- endmacro %}
