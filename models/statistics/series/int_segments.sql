{#
    Facts keep every city and category; what has a series of its own is bounded, so that a log of 50,000 spellings costs no
    more than one of 50.
#}
with

sales as (
    select
        city,
        category,
        sum(revenue) as revenue,
        sum(event_count) as event_count
    from {{ ref('fct_sales') }}
    group by city, category
),

members as (
    select
        member.1 as segment_type,
        member.2 as segment,
        sum(sales.revenue) as revenue,
        sum(sales.event_count) as event_count
    from sales
    array join [('city', toString(sales.city)), ('category', toString(sales.category))] as member
    group by member.1, member.2
),

ranked as (
    select
        members.*,
        row_number() over (
            partition by segment_type order by revenue desc, event_count desc, segment asc
        ) as size_rank
    from members
),

final as (
    select
        toLowCardinality(segment_type) as segment_type,
        toLowCardinality(segment) as segment
    from ranked
    where size_rank <= {{ var('largest_segments') }}
)

select * from final
