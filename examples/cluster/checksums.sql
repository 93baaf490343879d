select count(), sum(revenue), sum(cart_value), sum(sales_key) from telemetry_marts.fct_sales;
select count(), sum(revenue), uniqExact(order_key) from telemetry_marts.fct_orders;
select count(), sum(step_level), uniqExact(session_key) from telemetry_marts.fct_funnel;
select count(), sum(revenue), sum(toDecimal128(ifNull(price_robust_z, 0), 9)) from telemetry_marts.fct_order_lines;
