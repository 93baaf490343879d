{% macro known(label) -%}
    {#- The label, or 'Не определено' where it is empty or NULL: dimensions are never NULL. -#}
    toLowCardinality(coalesce(nullIf(cast({{ label }} as Nullable(String)), ''), '{{ var("unknown_label") }}'))
{%- endmacro %}
