{% macro period_start(period, day) -%}
    {#- First day of the day, ISO week or month ('D', 'W', 'M') that holds `day`. -#}
    multiIf(
        {{ period }} = 'W', toStartOfWeek({{ day }}, 1),
        {{ period }} = 'M', toStartOfMonth({{ day }}),
        {{ day }}
    )
{%- endmacro %}


{% macro period_shift(period, start, periods) -%}
    {#- First day of the period that begins `periods` periods after the one that begins on `start`. -#}
    multiIf(
        {{ period }} = 'W', {{ start }} + 7 * ({{ periods }}),
        {{ period }} = 'M', addMonths({{ start }}, {{ periods }}),
        {{ start }} + ({{ periods }})
    )
{%- endmacro %}
