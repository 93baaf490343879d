{% macro in_shop_time(naive_stamp) -%}
    {#- The offset is looked up twice, so that stamps right after a clock change get the new one. -#}
    {%- set zone = "'" ~ var('shop_timezone') ~ "'" -%}
    {%- set guess = naive_stamp ~ ' - timezoneOffset(toTimeZone(' ~ naive_stamp ~ ', ' ~ zone ~ '))' -%}
    toTimeZone({{ naive_stamp }} - timezoneOffset(toTimeZone({{ guess }}, {{ zone }})), {{ zone }})
{%- endmacro %}


{% macro local_hour(shop_time, utc_offset_hours) -%}
    {%- if var('timestamps_are_local') -%}
    toHour({{ shop_time }})
    {%- else -%}
    {%- set shift = utc_offset_hours ~ ' * 3600 - timezoneOffset(' ~ shop_time ~ ')' -%}
    toHour({{ shop_time }} + toIntervalSecond(coalesce({{ shift }}, 0)))
    {%- endif -%}
{%- endmacro %}
