{% macro drop_gone_loads(loads) -%}
    {#- Post-hook: drops the partitions of loads that count no more. -#}
    {%- if execute and is_incremental() -%}
    {%- set query -%}
        select distinct load_id from {{ this }}
        where load_id not in (select current.load_id from {{ loads }} as current)
    {%- endset -%}
    {%- set gone = run_query(query).rows | map(attribute=0) | list -%}
    {%- if gone -%}
    alter table {{ this }} {% for load_id in gone %}drop partition '{{ load_id }}'{{ ', ' if not loop.last }}{% endfor %}
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}
