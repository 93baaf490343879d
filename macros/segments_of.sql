{% macro segments_of(relation) -%}
    {#- Array of (segment_type, segment): the whole shop and each segment that a row of `relation` belongs to. -#}
    [
        ('all', 'Все'),
        ('city', {{ largest_segment('city', relation) }}),
        ('category', {{ largest_segment('category', relation) }}),
        ('gender', toString({{ relation }}.gender)),
        ('age_group', toString({{ relation }}.age_group))
    ]
{%- endmacro %}
