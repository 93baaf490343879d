{% test relationships(model, column_name, to, field) %}

-- as dbt's own, which joins every row: a set of the values there are is asked instead, once for each repeated text
select {{ column_name }} as from_field
from {{ model }}
where {{ column_name }} is not null
    and {{ column_name }} not in (select {{ field }} from {{ to }})

{% endtest %}
