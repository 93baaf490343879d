{% macro period_start(period, day) -%}
    {#- First day of the day, ISO week or month ('D', 'W', 'M') that holds `day`. -#}
    multiIf(
        {{ period }} = 'W', toStartOfWeek({{ day }}, 1),
        {{ period }} = 'M', toStartOfMonth({{ day }}),
        {{ day }}
    )
{%- endmacro %}


{% macro periods_between(period, start, day) -%}
    {#- Whole periods from `start`, the first day of one, to `day`. -#}
    multiIf(
        {{ period }} = 'W', intDiv({{ day }} - {{ start }}, 7),
        {{ period }} = 'M', dateDiff('month', {{ start }}, {{ day }}),
        {{ day }} - {{ start }}
    )
{%- endmacro %}
