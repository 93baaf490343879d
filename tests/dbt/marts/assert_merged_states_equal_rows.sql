-- Merged states of agg_active_daily = distinct users of fct_sales, by day, week and month, under several filters.
{% set filters = [
    "1 = 1",
    "gender = 'Ж'",
    "city in ('Москва', 'Казань')",
    "age_group in ('18–24', '25–34')",
    "gender = 'М' and city != 'Москва' and age_group = '35–44'",
] %}
{% set grains = ["event_date", "toStartOfWeek(event_date, 1)", "toStartOfMonth(event_date)"] %}

with

united as (
    {%- for filter in filters %}{% set filter_no = loop.index %}
    {%- for grain in grains %}
    select
        '{{ grain }}' as grain,
        {{ filter_no }} as filter_no,
        {{ grain }} as start,
        uniqExactMerge(users) as user_count
    from {{ ref('agg_active_daily') }}
    where {{ filter }}
    group by start
    union all
    select
        '{{ grain }}' as grain,
        {{ filter_no }} as filter_no,
        {{ grain }} as start,
        uniqExact(user_key) as user_count
    from {{ ref('fct_sales') }}
    where {{ filter }}
    group by start
    {%- if not loop.last %} union all {%- endif %}
    {%- endfor %}
    {%- if not loop.last %} union all {%- endif %}
    {%- endfor %}
)

select
    grain,
    filter_no,
    start,
    groupArray(user_count) as found
from united
group by grain, filter_no, start
having count() != 2 or uniqExact(user_count) != 1
