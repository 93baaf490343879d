with

orders as (
    select * from {{ ref('fct_orders') }}
    where {{ in_observed_span('order_date') }}
),

order_lines as (
    select * from {{ ref('fct_order_lines') }}
    where not is_refund
        and {{ in_observed_span('order_date') }}
),

sessions as (
    select * from {{ ref('int_sessions') }}
    where {{ in_observed_span('session_date') }}
),

targets as (
    select * from {{ ref('int_kpi_targets') }}
),

observed_months as (
    select
        month,
        countIf(is_observed) as observed_days
    from {{ ref('dim_date') }}
    group by month
),

-- each KPI adds up over days, so a run rate is actual ÷ observed days × days of the month
facts as (
    select
        toStartOfMonth(order_date) as month,
        ('city', cast(city as String)) as part,
        sum(revenue) as revenue,
        toDecimal128(count(), 6) as order_count,
        toDecimal128(0, 6) as session_count
    from orders
    group by month, part
    union all
    select
        toStartOfMonth(order_date) as month,
        ('category', cast(category as String)) as part,
        sum(revenue) as revenue,
        toDecimal128(uniqExact(order_key), 6) as order_count,
        toDecimal128(0, 6) as session_count
    from order_lines
    group by month, part
    union all
    select
        toStartOfMonth(session_date) as month,
        ('city', cast(city as String)) as part,
        toDecimal128(0, 6) as revenue,
        toDecimal128(0, 6) as order_count,
        toDecimal128(count(), 6) as session_count
    from sessions
    group by month, part
),

-- cities add up to the shop
segments as (
    select
        month,
        arrayJoin(if(part.1 = 'city', [part, ('all', 'Все')], [part])) as segment_part,
        revenue,
        order_count,
        session_count
    from facts
),

totals as (
    select
        month,
        segment_part,
        sum(segments.revenue) as revenue,
        sum(segments.order_count) as order_count,
        sum(segments.session_count) as session_count
    from segments
    group by month, segment_part
),

kpis as (
    select
        month,
        segment_part.1 as segment_type,
        segment_part.2 as segment,
        arrayJoin([('revenue', revenue), ('orders', order_count), ('sessions', session_count)]) as kpi_part
    from totals
),

actuals as (
    select
        month,
        kpi_part.1 as kpi,
        segment_type,
        segment,
        kpi_part.2 as actual
    from kpis
    where segment_type != 'category'
        or kpi_part.1 != 'sessions'
),

grid as (
    select
        month,
        kpi,
        segment_type,
        segment
    from actuals
    union distinct
    select
        month,
        cast(kpi as String) as kpi,
        cast(segment_type as String) as segment_type,
        cast(segment as String) as segment
    from targets
),

final as (
    select
        grid.month as month,
        toLowCardinality(grid.kpi) as kpi,
        toLowCardinality(grid.segment_type) as segment_type,
        toLowCardinality(grid.segment) as segment,
        targets.target as target,
        -- nothing sold in an observed month is a zero; a month that the log does not reach has no fact
        if(observed_months.observed_days > 0, coalesce(actuals.actual, toDecimal128(0, 6)), null) as actual,
        toUInt8(coalesce(observed_months.observed_days, 0)) as observed_days,
        toUInt8(toDayOfMonth(toLastDayOfMonth(grid.month))) as month_days
    from grid
    left join observed_months on grid.month = observed_months.month
    left join actuals
        on grid.month = actuals.month
            and grid.kpi = actuals.kpi
            and grid.segment_type = actuals.segment_type
            and grid.segment = actuals.segment
    left join targets
        on grid.month = targets.month
            and grid.kpi = targets.kpi
            and grid.segment_type = targets.segment_type
            and grid.segment = targets.segment
)

select * from final
