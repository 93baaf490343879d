{#
  A Python model runs where a SQL model's query would: its result fills a staging table with the declared types,
  and dbt-clickhouse's own materialization then sees a plain `select` from that table. So swaps, grants, docs,
  post-hooks and every incremental strategy are the parent's.

  dbt accepts `statement(language='python')` in the body of a materialization only, hence the two halves.
#}

{% materialization table, adapter='clickhouse_py', supported_languages=['sql', 'python'] %}
  {% set staging = create_python_staging() if model.language == 'python' else none %}
  {% if staging %}
    {% call statement('python', language='python') %}{{ compiled_code }}{% endcall %}
    {% do select_from_python_staging(staging) %}
  {% endif %}
  {% set result = materialization_table_clickhouse() %}
  {% do drop_relation_if_exists(staging) %}
  {{ return(result) }}
{% endmaterialization %}

{% materialization incremental, adapter='clickhouse_py', supported_languages=['sql', 'python'] %}
  {% set staging = create_python_staging() if model.language == 'python' else none %}
  {% if staging %}
    {% call statement('python', language='python') %}{{ compiled_code }}{% endcall %}
    {% do select_from_python_staging(staging) %}
  {% endif %}
  {% set result = materialization_incremental_clickhouse() %}
  {% do drop_relation_if_exists(staging) %}
  {{ return(result) }}
{% endmaterialization %}

{# Pre-hooks come first: the model may read what they prepare. #}
{% macro create_python_staging() %}
  {% set staging = adapter.python_staging(this) %}
  {% set columns = adapter.python_columns(model) %}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {% do adapter.drop_relation(staging) %}
  {% call statement('create_python_staging') %}
    create table {{ staging }} {{ on_cluster_clause(staging) }} ({{ columns }})
    engine = {{ 'ReplicatedMergeTree' if adapter.get_clickhouse_cluster_name() else 'MergeTree' }} order by tuple()
  {% endcall %}
  {% do return(staging) %}
{% endmacro %}

{# Make the staging table what the parent's materialization selects from: in the order of the existing table's
   columns, because the parent inserts by position. #}
{% macro select_from_python_staging(staging) %}
  {% set existing = load_cached_relation(this) %}
  {% set staged = adapter.get_columns_in_relation(staging) | map(attribute='quoted') | list %}
  {% set old = adapter.get_columns_in_relation(existing) | map(attribute='quoted') | list if existing else [] %}
  {% set columns = old | select('in', staged) | list + staged | reject('in', old) | list %}
  {% do context.update({'sql': 'select ' ~ columns | join(', ') ~ ' from ' ~ staging, 'pre_hooks': []}) %}
{% endmacro %}
