{% macro add_shop_timezone() -%}
    {#- Pre-hook of stg_load_days: a table of before it had this column gets it, and all its loads are looked through again. -#}
    {%- if execute and is_incremental() -%}
    alter table {{ this }} {{ on_cluster_clause(this) }} add column if not exists shop_timezone String
    {%- endif -%}
{%- endmacro %}
