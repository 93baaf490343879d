{% macro segments_of(relation) -%}
    {#- Array of (segment_type, segment): the whole shop and each segment that a row of `relation` belongs to. -#}
    [
        ('all', 'Все'),
        {%- for dimension in ['city', 'category', 'gender', 'age_group'] %}
        ('{{ dimension }}', toString({{ relation }}.{{ dimension }})){{ ',' if not loop.last }}
        {%- endfor %}
    ]
{%- endmacro %}
