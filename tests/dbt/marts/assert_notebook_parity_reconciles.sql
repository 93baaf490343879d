-- Day by day: raw rows are those of staging, events and their value those of fct_sales.
with

parity as (
    select
        event_date,
        sum(raw_row_count) as row_count,
        sum(parity.event_count) as event_count,
        sum(deduplicated_value) as notebook_value
    from {{ ref('mart_notebook_parity') }} as parity
    group by event_date
),

staged as (
    select
        event_date,
        sum(raw_row_count) as row_count
    from {{ ref('stg_events') }}
    group by event_date
),

sales as (
    select
        event_date,
        sum(sales.event_count) as event_count,
        sum(sales.notebook_value) as notebook_value
    from {{ ref('fct_sales') }} as sales
    group by event_date
)

select
    parity.event_date as event_date,
    parity.row_count - staged.row_count as row_difference,
    parity.event_count - sales.event_count as event_difference,
    parity.notebook_value - sales.notebook_value as value_difference
from parity
full outer join staged on parity.event_date = staged.event_date
full outer join sales on parity.event_date = sales.event_date
where coalesce(row_difference, 1) != 0
    or coalesce(event_difference, 1) != 0
    or coalesce(value_difference, 1) != 0
settings join_use_nulls = 1
