-- Facts of the plan equal fct_sales for the shop, and cities and categories sum to it, month by month.
with

sales as (
    select
        toStartOfMonth(event_date) as month,
        sum(revenue) as revenue,
        uniqExactIf(order_key, is_order) as order_count
    from {{ ref('fct_sales') }}
    where {{ in_observed_span('event_date') }}
    group by month
    having order_count > 0
),

plan_fact as (
    select
        month,
        sumIf(actual, kpi = 'revenue' and segment_type = 'all') as shop_revenue,
        sumIf(actual, kpi = 'revenue' and segment_type = 'city') as city_revenue,
        sumIf(actual, kpi = 'revenue' and segment_type = 'category') as category_revenue,
        sumIf(actual, kpi = 'orders' and segment_type = 'all') as shop_orders,
        sumIf(actual, kpi = 'orders' and segment_type = 'city') as city_orders
    from {{ ref('mart_kpi_plan_fact') }}
    group by month
)

select sales.month as month
from sales
left join plan_fact on sales.month = plan_fact.month
where not coalesce(
        sales.revenue = plan_fact.shop_revenue
        and sales.revenue = plan_fact.city_revenue
        and sales.revenue = plan_fact.category_revenue
        and toDecimal128(sales.order_count, 6) = plan_fact.shop_orders
        and plan_fact.shop_orders = plan_fact.city_orders,
        false
    )
