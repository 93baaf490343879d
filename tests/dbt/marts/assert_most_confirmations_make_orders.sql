{{ config(severity='warn', store_failures=true) }}
-- More than a fifth of the confirmations make no order: the log may name its steps in another way than its contract.
-- The row tells how many, and how much money stands on them (mart_data_health has them by day).
select
    count() as confirmation_count,
    countIf(outcome != 'order') as without_order,
    countIf(outcome = 'unchecked') as without_checkout,
    sumIf(value, outcome != 'order') as amount
from {{ ref('int_confirmations') }}
having without_order > 0.2 * confirmation_count
