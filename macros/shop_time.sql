{% macro in_shop_time(instant) -%}
    {#- An instant on the shop's clock. -#}
    toTimeZone({{ instant }}, '{{ var('shop_timezone') }}')
{%- endmacro %}


{% macro local_hour(shop_time, utc_offset_hours) -%}
    {%- if var('timestamps_are_local') -%}
    toHour({{ shop_time }})
    {%- else -%}
    {%- set shift = utc_offset_hours ~ ' * 3600 - timezoneOffset(' ~ shop_time ~ ')' -%}
    toHour({{ shop_time }} + toIntervalSecond(coalesce({{ shift }}, 0)))
    {%- endif -%}
{%- endmacro %}
