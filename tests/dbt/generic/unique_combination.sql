{% test unique_combination(model, columns) %}
{%- set combination = columns | join(', ') -%}

-- numbers are compared first: texts only where two are alike. A tuple has a number even where one of its parts is NULL
with

alike as (
    select sipHash64(tuple({{ combination }})) as combination_hash
    from {{ model }}
    group by combination_hash
    having count() > 1
)

select
    {{ combination }},
    count() as row_count
from {{ model }}
where sipHash64(tuple({{ combination }})) in (select alike.combination_hash from alike)
group by {{ combination }}
having row_count > 1

{% endtest %}
