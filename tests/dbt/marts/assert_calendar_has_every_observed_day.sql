-- A chart joins its days to dim_date, so a day that the calendar lacks would vanish from it.
select
    span.first_date as first_date,
    span.last_date as last_date
from {{ ref('int_observed_span') }} as span
where span.last_date - span.first_date + 1 != (select countIf(dates.is_observed) from {{ ref('dim_date') }} as dates)
