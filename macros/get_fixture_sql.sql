{#
    Rows of a unit test's input, as one literal. dbt's own macro writes a SELECT with a cast for each cell of each row, and
    ClickHouse analyses them anew wherever a model names its input: seconds for each test. A column that a row does not
    name has its type's default (NULL, if it may be), as with dbt's own macro.
#}
{% macro get_fixture_sql(rows, column_name_to_data_types) %}
    {%- set types = column_name_to_data_types or {} -%}
    {%- if not types -%}
        {%- for column in adapter.get_columns_in_relation(this) -%}
            {%- do types.update({column.name: column.data_type}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if not types -%}
        {%- do exceptions.raise_compiler_error(
            "Unit test needs the columns of " ~ this ~ ", which does not exist: build it first"
        ) -%}
    {%- endif -%}
    {%- set lines = [] -%}
    {%- for row in rows -%}
        {%- for name in row if name not in types -%}
            {%- do exceptions.raise_compiler_error(
                "Unit test gives " ~ model.name ~ " a column '" ~ name ~ "', it has " ~ (types.keys() | join(', '))
            ) -%}
        {%- endfor -%}
        {%- do lines.append(tojson(row)) -%}
    {%- endfor -%}
    {%- set structure = [] -%}
    {%- for name, type in types.items() -%}
        {%- do structure.append('`' ~ name ~ '` ' ~ type) -%}
    {%- endfor -%}
    select * from format(
        JSONEachRow,
        {{ clickhouse_literal(structure | join(', ')) }},
        {{ clickhouse_literal((lines or ['{}']) | join('\n')) }}
    )
    {%- if not lines %} limit 0 {%- endif -%} {# servers up to 25.8 find no column in no data #}
{%- endmacro %}

{% macro clickhouse_literal(text) -%}
    '{{ text | replace("\\", "\\\\") | replace("'", "\\'") }}'
{%- endmacro %}
