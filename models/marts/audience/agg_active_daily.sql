{% set versions %}
    select
        month,
        {{ version_of('version') }} as input_version,
        sum(read_rows) as row_count
    from ({{ rows_of_months(ref('fct_sales'), 'event_date') }})
    group by month
{% endset %}

with

-- of events; the inputs' partitions are those of session starts
months as (
    {{ months_of(versions) }}
),

sales as (
    select * from {{ ref('fct_sales') }}
    where toYYYYMM(event_date) in (select months.month from months)
),

daily as (
    select
        sales.event_date as event_date,
        sales.city as city,
        sales.gender as gender,
        sales.age_group as age_group,
        uniqExactState(sales.user_key) as users
    from sales
    group by sales.event_date, sales.city, sales.gender, sales.age_group
),

final as (
    select
        daily.event_date as event_date,
        daily.city as city,
        daily.gender as gender,
        daily.age_group as age_group,
        daily.users as users,
        months.input_version as input_version
    from daily
    inner join months on toYYYYMM(daily.event_date) = months.month
)

select * from final
