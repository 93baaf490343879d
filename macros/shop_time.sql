{% macro in_shop_time(instant) -%}
    {#- An instant on the shop's clock. -#}
    toTimeZone({{ instant }}, '{{ var('shop_timezone') }}')
{%- endmacro %}


{% macro is_of_shop_months(instant, months) -%}
    {#-
        Whether an instant of the raw table is in one of the months on the shop's clock. The table is sorted by months in UTC,
        which differ by hours: of another one than its neighbours nothing is read.
    -#}
    toYYYYMM({{ in_shop_time(instant) }}) in (select {{ months }}.month from {{ months }})
        and toYYYYMM({{ instant }}) in (
            select toYYYYMM(addMonths(YYYYMMDDToDate({{ months }}.month * 100 + 1), arrayJoin([-1, 0, 1]))) from {{ months }}
        )
{%- endmacro %}


{% macro on_city_clock(part, shop_time, utc_offset_hours) -%}
    {#- The hour (`toHour`) or date (`toDate`) on the city's clock; of an unknown city on the shop's. -#}
    {%- if var('timestamps_are_local') -%}
    {{ part }}({{ shop_time }})
    {%- else -%}
    {#- in UTC, since on the shop's clock an hour may be missing between the two -#}
    coalesce(
        {{ part }}(toTimeZone({{ shop_time }}, 'UTC') + toIntervalSecond({{ utc_offset_hours }} * 3600)), {{ part }}({{ shop_time }})
    )
    {%- endif -%}
{%- endmacro %}
