{% macro largest_segment(dimension, relation) -%}
    {#- The row's city or category, or 'Прочие' where it is none of the largest. -#}
    if(
        {{ relation }}.{{ dimension }} in (
            select segments.segment from {{ ref('int_segments') }} as segments
            where segments.segment_type = '{{ dimension }}'
        ),
        toString({{ relation }}.{{ dimension }}),
        '{{ var("other_label") }}'
    )
{%- endmacro %}


{% macro largest_segments_version() -%}
    {#- A number that changes with the list of the largest. -#}
    coalesce((
        select sipHash64(arraySort(groupArray((toString(segments.segment_type), toString(segments.segment)))))
        from {{ ref('int_segments') }} as segments
    ), 0)
{%- endmacro %}
