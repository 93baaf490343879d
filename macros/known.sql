{% macro known(label) -%}
    {#- The label, or 'Не определено' where it is empty or NULL: dimensions are never NULL. -#}
    toLowCardinality(coalesce(nullIf(cast({{ label }} as Nullable(String)), ''), '{{ var("unknown_label") }}'))
{%- endmacro %}


{% macro known_text(label) -%}
    {#- The same for a column of the log, which is never NULL: repeated strings are looked up once each. -#}
    toLowCardinality(transform({{ label }}, [''], ['{{ var("unknown_label") }}']))
{%- endmacro %}
