{% macro require_raw_tables() -%}
    {#- Before anything is built or tested: without raw tables every node would fail with a message of its own. -#}
    {%- if execute and flags.WHICH in ['run', 'build', 'test'] -%}
    {%- set raw = target.schema ~ '_raw' -%}
    {%- if not adapter.get_relation(database='', schema=raw, identifier='loads') -%}
    {{ exceptions.raise_compiler_error(
        "There are no raw events: the database " ~ raw ~ " has no table loads. Run `telemetry ingest LOG` first"
        ~ " (with the same --target), or `make demo` for an example log."
    ) }}
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}
