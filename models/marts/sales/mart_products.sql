{% set of_month = "toYYYYMM(session_date) in (select months.month from months)" %}
{% set known_product = "product != '" ~ var('unknown_label') ~ "' and " ~ of_month %}

with

months as (
    {{ months() }}
),

united as (
    select
        session_date,
        product,
        category,
        user_id,
        'view' as kind,
        '' as order_key,
        toUInt64(0) as pieces,
        toDecimal64(0, 6) as money
    from {{ ref('int_events') }}
    where action = 'product' and {{ known_product }}
    union all
    select
        session_date,
        product,
        category,
        user_id,
        'cart' as kind,
        '' as order_key,
        quantity as pieces,
        toDecimal64(0, 6) as money
    from {{ ref('int_purchase_events') }}
    where action = 'cart' and not is_removed and {{ known_product }}
    union all
    select
        session_date,
        product,
        category,
        user_id,
        'order' as kind,
        order_key,
        quantity as pieces,
        revenue as money
    from {{ ref('int_order_lines') }}
    where {{ known_product }}
    union all
    select
        session_date,
        product,
        category,
        user_id,
        'refund' as kind,
        '' as order_key,
        quantity as pieces,
        refund_value as money
    from {{ ref('int_refunds') }}
    where {{ known_product }}
),

product_users as (
    select
        toStartOfMonth(session_date) as month,
        product,
        user_id,
        minIf(category, category != '{{ var("unknown_label") }}') as known_category,
        countIf(kind = 'view') as view_count,
        countIf(kind = 'cart') as cart_count,
        uniqExactIf(order_key, kind = 'order') as order_count,
        sumIf(pieces, kind = 'order') as quantity,
        sumIf(money, kind = 'order') as revenue,
        sumIf(money, kind = 'refund') as refund_value
    from united
    group by month, product, user_id
),

final as (
    select
        product_users.month as month,
        toLowCardinality(product_users.product) as product,
        {{ known("minIf(product_users.known_category, product_users.known_category != '')") }} as category,
        toUInt64(sum(product_users.view_count)) as view_count,
        countIf(product_users.view_count > 0) as viewer_count,
        toUInt64(sum(product_users.cart_count)) as cart_count,
        countIf(product_users.cart_count > 0) as cart_user_count,
        toUInt64(sum(product_users.order_count)) as order_count,
        countIf(product_users.order_count > 0) as buyer_count,
        countIf(product_users.view_count > 0 and product_users.order_count > 0) as converted_viewer_count,
        toUInt64(sum(product_users.quantity)) as quantity,
        sum(product_users.revenue) as revenue,
        sum(product_users.refund_value) as refund_value,
        any(months.input_version) as input_version
    from product_users
    inner join months on toYYYYMM(product_users.month) = months.month
    group by product_users.month, product_users.product
)

select * from final
