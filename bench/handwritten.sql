-- The transformations of the first slice as one would write them by hand: full tables, no contracts, no tests.
create database if not exists hand;

create or replace table hand.events engine = MergeTree partition by toYYYYMM(session_date)
order by (user_id, session_key, event_no) as
with
ranked as (
    select
        userid as user_id,
        sessionid as session_id,
        sipHash64(userid, sessionid) as session_key,
        toTimeZone(timestamp - toIntervalHour(3), 'Europe/Moscow') as occurred_at,
        toDate(timestamp) as event_date,
        action,
        indexOf(['mainpage', 'category', 'search', 'product', 'cart', 'checkout', 'confirmation'], action) as rank,
        value,
        if(category = '', 'Не определено', category) as category,
        if(city = '', 'Не определено', city) as city,
        gender,
        age,
        row_index,
        row_number() over (
            partition by toYYYYMM(timestamp), userid, timestamp order by rank desc, value desc, row_index
        ) as duplicate_rank
    from telemetry_raw.events
),
events as (select * from ranked where duplicate_rank = 1),
sessions as (
    select session_key, min(occurred_at) as session_started_at, min(event_date) as session_date
    from events group by session_key
)
select
    events.*,
    session_started_at,
    session_date,
    row_number() over (partition by session_key order by occurred_at, rank, row_index) as event_no
from events inner join sessions using (session_key);

create or replace table hand.sessions engine = MergeTree partition by toYYYYMM(session_date)
order by (session_date, user_id, session_key) as
select
    user_id,
    session_key,
    any(session_started_at) as session_started_at,
    max(occurred_at) as session_ended_at,
    any(session_date) as session_date,
    anyIf(city, event_no = 1) as city,
    anyIf(gender, event_no = 1) as gender,
    anyIf(age, event_no = 1) as age,
    anyIf(action, event_no = 1) as entry_action,
    argMax(action, event_no) as exit_action,
    count() as event_count,
    countIf(action = 'cart') as cart_item_count,
    max(rank) as deepest_action_rank
from hand.events
group by user_id, session_key;

create or replace table hand.purchase_events engine = MergeTree partition by toYYYYMM(session_date)
order by (user_id, session_key, event_no) as
with
events as (select * from hand.events where action in ('cart', 'checkout', 'confirmation')),
steps as (
    select
        session_key,
        event_no,
        action,
        action = 'confirmation' and ifNull(anyLast(nullIf(action, 'cart')) over (
            partition by session_key order by event_no rows between unbounded preceding and 1 preceding
        ) = 'checkout', false) as closes
    from events
),
attempts as (
    select
        *,
        1 + sum(closes) over (
            partition by session_key order by event_no rows between unbounded preceding and 1 preceding
        ) as attempt_no
    from steps
),
outcomes as (
    select
        *,
        max(closes) over from_end as is_ordered,
        sum(action = 'checkout') over from_end as checkouts
    from attempts
    window from_end as (
        partition by session_key, attempt_no order by event_no desc rows between unbounded preceding and current row
    )
)
select
    events.*,
    closes,
    attempt_no,
    if(is_ordered, concat(toString(session_key), '-', toString(attempt_no)), '') as order_key,
    events.action = 'checkout' and checkouts = 1 as is_final_checkout
from events inner join outcomes using (session_key, event_no);

create or replace table hand.orders engine = MergeTree partition by toYYYYMM(session_date) order by order_key as
select
    order_key,
    session_key,
    user_id,
    session_date,
    anyIf(occurred_at, closes) as confirmed_at,
    anyIf(city, closes) as city,
    anyIf(gender, closes) as gender,
    anyIf(age, closes) as age,
    sumIf(value, action = 'cart') as lines_value,
    anyIf(value, is_final_checkout) as checkout_value,
    anyIf(value, closes) as confirmation_value,
    multiIf(confirmation_value > 0, confirmation_value, checkout_value > 0, checkout_value, lines_value) as order_value
from hand.purchase_events
where order_key != ''
group by order_key, session_key, user_id, session_date;

create or replace table hand.order_lines engine = MergeTree partition by toYYYYMM(session_date)
order by order_key as
with
lines as (
    select orders.*, carts.category as category, carts.value as price, carts.event_no as event_no
    from hand.orders as orders
    left join (
        select order_key, category, value, event_no from hand.purchase_events
        where action = 'cart' and order_key != ''
    ) as carts using (order_key)
),
shares as (
    select
        *,
        if(lines_value > 0, toDecimal64(toFloat64(order_value) * toFloat64(price) / toFloat64(lines_value), 6), 0) as share,
        row_number() over (partition by order_key order by price desc, event_no) as price_rank,
        sum(share) over (partition by order_key) as shared
    from lines
)
select *, share + if(price_rank = 1, order_value - shared, 0) as revenue from shares;

create or replace table hand.sales engine = MergeTree partition by toYYYYMM(session_date)
order by (event_date, city, category, user_id) as
with united as (
    select
        session_key, user_id, session_date, '' as order_key, toStartOfHour(occurred_at) as event_hour, category, city, gender,
        age, 1 as event_count, 0 as cart_item_count, value as notebook_value, toDecimal64(0, 6) as cart_value,
        toDecimal64(0, 6) as checkout_value, toDecimal64(0, 6) as revenue, 0 as is_order
    from hand.events
    where action not in ('cart', 'checkout', 'confirmation')
    union all
    select
        session_key, user_id, session_date, order_key, toStartOfHour(occurred_at), category, city, gender, age, 1,
        action = 'cart', value, if(action = 'cart', value, 0), if(is_final_checkout, value, 0), toDecimal64(0, 6), 0
    from hand.purchase_events
    union all
    select
        session_key, user_id, session_date, order_key, toStartOfHour(confirmed_at), category, city, gender, age, 0, 0,
        toDecimal64(0, 6), toDecimal64(0, 6), toDecimal64(0, 6), revenue, 1
    from hand.order_lines
)
select
    session_key, user_id, session_date, order_key, event_hour, toDate(event_hour) as event_date, category, city, gender, age,
    sum(event_count) as events, sum(cart_item_count) as items, sum(notebook_value) as notebook, sum(cart_value) as cart,
    sum(checkout_value) as checkout, sum(revenue) as confirmed, max(is_order) as has_order
from united
group by session_key, user_id, session_date, order_key, event_hour, category, city, gender, age;
