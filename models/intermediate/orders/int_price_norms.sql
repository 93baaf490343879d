{#
    Norms are those of a month, so that they follow the seasons' prices and a new month leaves the old ones alone.
    The whole log is in them, not only what was bought: prices of goods stand on the rows of carts and purchases.
#}
with

months as (
    {{ months() }}
),

events as (
    select
        toStartOfMonth(session_date) as month,
        action,
        category,
        value
    from {{ ref('int_events') }}
    where toYYYYMM(session_date) in (select months.month from months)
),

-- the original notebook's z: one mean and one deviation for every row, zeros included
all_values as (
    select
        month,
        avg(value) as value_mean,
        stddevPop(value) as value_deviation
    from events
    group by month
),

prices as (
    select
        month,
        category,
        groupArray(log(value)) as log_prices
    from events
    where action in ('cart', 'purchase')
        and value > 0
    group by month, category
),

medians as (
    select
        month,
        category,
        log_prices,
        arrayReduce('quantileExactInclusive(0.5)', log_prices) as log_price_median,
        -- sorted, so that their mean is the same to the last digit in every build
        arraySort(arrayMap(log_price -> abs(log_price - log_price_median), log_prices)) as distances,
        arrayReduce('quantileExactInclusive(0.5)', distances) as log_price_mad
    from prices
),

final as (
    select
        medians.month as month,
        medians.category as category,
        toUInt32(length(medians.log_prices)) as price_count,
        medians.log_price_median as log_price_median,
        -- both are the standard deviation of normal data; where more than half of the prices are equal, their median
        -- distance is 0 and Iglewicz and Hoaglin (1993) take the mean one
        if(
            medians.log_price_mad > 0, medians.log_price_mad / 0.6745, 1.253314 * arrayAvg(medians.distances)
        ) as log_price_deviation,
        all_values.value_mean as value_mean,
        all_values.value_deviation as value_deviation,
        months.input_version as input_version
    from medians
    inner join all_values on medians.month = all_values.month
    inner join months on toYYYYMM(medians.month) = months.month
)

select * from final
