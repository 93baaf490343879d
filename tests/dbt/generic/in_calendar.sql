{% test in_calendar(model, column_name) %}
{#- A day is one of the calendar's; only stray days, which the observed span leaves out, may lack there. -#}

select {{ column_name }}
from {{ model }}
where {{ in_observed_span(column_name) }}
    and {{ column_name }} not in (select dates.date_day from {{ ref('dim_date') }} as dates)

{% endtest %}
