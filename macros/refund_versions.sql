{% macro refund_versions(events, orders, months_back) -%}
    {#- Versions of the months that have refunds: of their events, and of the orders with an id that these may name. -#}
    select
        month,
        sipHash64(arraySort(groupUniqArray(version)), sum(order_hash)) as input_version,
        sum(read_rows) as row_count
    from (
        select
            toYYYYMM(session_date) as month,
            input_version as version,
            toUInt64(0) as order_hash,
            count() as read_rows
        from {{ events }}
        where action = 'refund'
        group by month, version
        union all
        select
            toYYYYMM(addMonths(session_date, arrayJoin(range({{ months_back + 1 }})))) as month,
            toUInt64(0) as version,
            sum(sipHash64(user_id, order_id, order_key, confirmed_at)) as order_hash,
            count() as read_rows
        from {{ orders }}
        where order_id != ''
        group by month
    )
    where month in (select toYYYYMM(session_date) from {{ events }} where action = 'refund')
    group by month
{%- endmacro %}
