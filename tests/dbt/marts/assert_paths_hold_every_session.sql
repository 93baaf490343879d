-- Every session takes one first step, and what flows into an action flows out of it, by month and gender.
with

first_steps as (
    select
        month,
        gender,
        sum(n) as session_count
    from {{ ref('mart_path_edges') }}
    where step = 1
    group by month, gender
),

sessions as (
    select
        toStartOfMonth(session_date) as month,
        gender,
        count() as session_count
    from {{ ref('fct_sessions') }}
    group by month, gender
),

flows as (
    select
        month,
        step + 1 as step_no,
        to_action as action,
        n as flow_in,
        0 as flow_out
    from {{ ref('mart_path_edges') }}
    where step < 10 and to_action != 'exit'
    union all
    select
        month,
        step as step_no,
        from_action as action,
        0 as flow_in,
        n as flow_out
    from {{ ref('mart_path_edges') }}
    where step > 1
),

united as (
    select * from first_steps
    union all
    select * from sessions
)

select
    month,
    toString(gender) as failure
from united
group by month, gender
having count() != 2 or uniqExact(session_count) != 1
union all
select
    month,
    concat(toString(step_no), ' ', toString(action)) as failure
from flows
group by month, step_no, action
having sum(flow_in) != sum(flow_out)
