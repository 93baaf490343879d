select
    min(first_date) as first_date,
    max(last_date) as last_date
from {{ ref('int_logs') }}
having count() > 0
