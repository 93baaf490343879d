with

observed as (
    select * from {{ ref('int_observed_span') }}
),

holidays as (
    select
        date,
        arrayStringConcat(groupArray(name), ', ') as holiday
    from {{ ref('holidays') }}
    group by date
),

-- whole months, so that a chart's axis has no gaps
days as (
    select
        toStartOfMonth(observed.first_date) + arrayJoin(
            range(dateDiff('day', toStartOfMonth(observed.first_date), toLastDayOfMonth(observed.last_date)) + 1)
        ) as date_day,
        observed.first_date as first_date,
        observed.last_date as last_date
    from observed
),

final as (
    select
        days.date_day as date_day,
        toYear(days.date_day) as year,
        toMonth(days.date_day) as month_no,
        toStartOfMonth(days.date_day) as month,
        toISOYear(days.date_day) as iso_year,
        toISOWeek(days.date_day) as iso_week,
        toStartOfWeek(days.date_day, 1) as week_start,
        toDayOfWeek(days.date_day) as weekday,
        toBool(toDayOfWeek(days.date_day) > 5) as is_weekend,
        holidays.holiday as holiday,
        toBool(days.date_day between days.first_date and days.last_date) as is_observed,
        toBool(
            toStartOfMonth(days.date_day) < days.first_date
            or toLastDayOfMonth(days.date_day) > days.last_date
        ) as is_partial_month,
        toBool(
            toStartOfWeek(days.date_day, 1) < days.first_date
            or toStartOfWeek(days.date_day, 1) + 6 > days.last_date
        ) as is_partial_week
    from days
    left join holidays on days.date_day = holidays.date
)

select * from final
