with

-- pairs are as many as the square of the categories: only the largest stand for themselves
order_lines as (
    select
        lines.order_key as order_key,
        lines.order_date as order_date,
        if(
            lines.category = '{{ var("unknown_label") }}',
            toString(lines.category),
            {{ largest_segment('category', 'lines') }}
        ) as category
    from {{ ref('fct_order_lines') }} as lines
    where not lines.is_refund
),

categories as (
    select distinct category from order_lines
    where category != '{{ var("unknown_label") }}'
),

-- one basket an order: its distinct categories; goods of unknown category are in no pair
baskets as (
    select
        order_key,
        toStartOfMonth(order_date) as month,
        groupUniqArrayIf(category, category != '{{ var("unknown_label") }}') as basket
    from order_lines
    group by order_key, month
),

orders as (
    select
        month,
        toUInt32(count()) as order_count,
        toUInt32(countIf(length(basket) >= 2)) as mixed_order_count
    from baskets
    group by month
),

category_orders as (
    select
        month,
        arrayJoin(basket) as category,
        toUInt32(count()) as order_count,
        toUInt32(countIf(length(basket) >= 2)) as mixed_order_count
    from baskets
    group by month, category
),

pair_orders as (
    select
        baskets.month as month,
        category_a,
        arrayJoin(baskets.basket) as category_b,
        toUInt32(count()) as order_count
    from baskets
    array join baskets.basket as category_a
    where category_a != category_b
    group by month, category_a, category_b
),

-- every pair in every month: a month without the pair still counts in n_a, n_b and n
grid as (
    select
        orders.month as month,
        left_side.category as category_a,
        right_side.category as category_b,
        orders.order_count as order_count,
        orders.mixed_order_count as mixed_order_count
    from orders
    cross join categories as left_side
    cross join categories as right_side
    where left_side.category != right_side.category
),

final as (
    select
        grid.month as month,
        toLowCardinality(grid.category_a) as category_a,
        toLowCardinality(grid.category_b) as category_b,
        coalesce(pair_orders.order_count, 0) as n_ab,
        coalesce(orders_a.order_count, 0) as n_a,
        coalesce(orders_b.order_count, 0) as n_b,
        grid.order_count as n,
        coalesce(orders_a.mixed_order_count, 0) as n_a_mixed,
        coalesce(orders_b.mixed_order_count, 0) as n_b_mixed,
        grid.mixed_order_count as n_mixed
    from grid
    left join pair_orders
        on grid.month = pair_orders.month
            and grid.category_a = pair_orders.category_a
            and grid.category_b = pair_orders.category_b
    left join category_orders as orders_a
        on grid.month = orders_a.month
            and grid.category_a = orders_a.category
    left join category_orders as orders_b
        on grid.month = orders_b.month
            and grid.category_b = orders_b.category
)

select * from final
