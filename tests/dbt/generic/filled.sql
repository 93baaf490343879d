{% test filled(model, columns) %}
{#- An empty cell of a seed becomes its type's default ('' or 1970-01-01), never NULL. -#}

select {{ columns | join(', ') }}
from {{ model }}
where {% for column in columns %}{{ column }} = defaultValueOfArgumentType({{ column }}){{ ' or ' if not loop.last }}{% endfor %}

{% endtest %}
