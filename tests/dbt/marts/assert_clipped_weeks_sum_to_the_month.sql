-- Sessions of the weeks clipped to a month sum to the month; a whole week has seven days inside it.
select
    month,
    week_start
from (
    select
        month,
        week_start,
        uniqExact(session_key) as session_count,
        countDistinct(is_partial_week) as flag_count,
        max(is_partial_week) as is_partial,
        sum(session_count) over (partition by month) as sum_of_weeks
    from {{ ref('fct_funnel') }}
    group by month, week_start
) as weeks
inner join (
    select
        month,
        uniqExact(session_key) as session_count
    from {{ ref('fct_funnel') }}
    group by month
) as months on weeks.month = months.month
where weeks.sum_of_weeks != months.session_count
    or weeks.flag_count != 1
    or (not weeks.is_partial and toStartOfMonth(week_start + 6) != month)
