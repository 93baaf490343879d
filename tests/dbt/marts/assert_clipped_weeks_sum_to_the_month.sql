-- Sessions of the weeks clipped to a month sum to the month; a whole week has seven days inside it.
with

weeks as (
    select
        month,
        week_start,
        uniqExact(session_key) as session_count,
        uniqExact(is_partial_week) as flag_count,
        max(is_partial_week) as is_partial
    from {{ ref('fct_funnel') }}
    group by month, week_start
),

sums_of_weeks as (
    select
        month,
        sum(session_count) as session_count
    from weeks
    group by month
),

months as (
    select
        month,
        uniqExact(session_key) as session_count
    from {{ ref('fct_funnel') }}
    group by month
)

select toString(months.month) as failure
from months
inner join sums_of_weeks on months.month = sums_of_weeks.month
where months.session_count != sums_of_weeks.session_count
union all
select toString(week_start) as failure
from weeks
where flag_count != 1
    or is_partial = (toStartOfMonth(week_start) = month and toStartOfMonth(week_start + 6) = month)
