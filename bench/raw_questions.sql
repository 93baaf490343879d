-- The nearest question that raw events can answer: nothing deduplicated, nothing allocated to categories,
-- no session ended at its day. That is less work than the charts' answers contain, so the ratio flatters raw events.
-- kpi_arpu
select
    sumIf(value, action = 'confirmation') as revenue,
    uniqExactIf((userid, sessionid), action = 'confirmation') as orders,
    revenue / uniqExact(userid) as arpu,
    revenue / uniqExactIf(userid, action = 'confirmation') as arppu
from telemetry_raw.events
where toDate(timestamp) between {date_from:Date} and {date_to:Date}
-- revenue_trend
select toStartOfWeek(timestamp, 1) as week, sum(value), sum(value) / uniqExact((userid, sessionid))
from telemetry_raw.events
where action = 'confirmation' and toDate(timestamp) between {date_from:Date} and {date_to:Date}
group by week
-- value_per_client
select toDate(timestamp) as day, sumIf(value, action = 'confirmation') as revenue, revenue / uniqExact(userid)
from telemetry_raw.events
where toDate(timestamp) between {date_from:Date} and {date_to:Date}
group by day
-- stickiness
select toStartOfMonth(day) as month, avg(users), uniqExactMerge(state)
from (
    select toDate(timestamp) as day, uniqExact(userid) as users, uniqExactState(userid) as state
    from telemetry_raw.events
    where toDate(timestamp) between {date_from:Date} and {date_to:Date}
    group by day
)
group by month
-- funnel
select count(), countIf(level >= 1), countIf(level >= 2), countIf(level >= 3), countIf(level >= 4)
from (
    select windowFunnel(86400)(
        timestamp,
        action in ('category', 'search', 'product'), action = 'cart', action = 'checkout', action = 'confirmation'
    ) as level
    from telemetry_raw.events
    where toDate(timestamp) between {date_from:Date} and {date_to:Date}
    group by userid, sessionid
)
-- category_pareto
select category, sum(value) as cart_value, cart_value / sum(cart_value) over ()
from telemetry_raw.events
where action = 'cart'
group by category
-- city_table
select city, sumIf(value, action = 'confirmation'), uniqExactIf(userid, action = 'confirmation') / uniqExact(userid)
from telemetry_raw.events
where toDate(timestamp) between addYears({date_from:Date}, -1) and {date_to:Date}
group by city
-- value_bridge
select toStartOfMonth(started) as month, sum(carted), sumIf(carted, not ordered)
from (
    select min(timestamp) as started, sumIf(value, action = 'cart') as carted, max(action = 'confirmation') as ordered
    from telemetry_raw.events
    where toDate(timestamp) between {date_from:Date} and {date_to:Date}
    group by userid, sessionid
)
group by month
-- age_buyers
select age, gender, uniqExact(userid), uniqExactIf(userid, action = 'confirmation')
from telemetry_raw.events
where toDate(timestamp) between {date_from:Date} and {date_to:Date} and age is not null
group by age, gender
-- session_table
select entry_action, count(), median(n_events), median(duration), avg(n_events = 1)
from (
    select
        argMin(action, timestamp) as entry_action,
        count() as n_events,
        max(timestamp) - min(timestamp) as duration
    from telemetry_raw.events
    where toDate(timestamp) between {date_from:Date} and {date_to:Date}
    group by userid, sessionid
)
group by entry_action
-- retention_curve
select cohort, age, uniqExact(userid)
from (
    select
        userid,
        toStartOfMonth(timestamp) as month,
        min(month) over (partition by userid) as cohort,
        dateDiff('month', cohort, month) as age
    from telemetry_raw.events
    where action = 'confirmation'
    group by userid, month
)
group by cohort, age
-- category_months
select toStartOfMonth(timestamp) as month, category, sum(value)
from telemetry_raw.events
where action = 'cart'
group by month, category
