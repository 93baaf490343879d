{% macro drop_work_tables() -%}
    {#-
        Before anything is built: work tables that an interrupted build has left. They carry the number of their
        invocation, so that no later build finds them by name; a build that is running now on a server keeps its own for as
        long as it lives, so only those are dropped that nothing has written to for a day. An embedded warehouse belongs to
        one process, and whatever is there is left over.
    -#}
    {%- if execute and flags.WHICH in ['run', 'build', 'seed', 'test'] -%}
    {%- set query -%}
        select database, name
        from system.tables
        where startsWith(database, '{{ target.schema }}_')
            and match(name, '__dbt_new_data|__dbt_python$|__dbt_backup$|__dbt_tmp$')
            {%- if target.get('driver') != 'chdb' %}
            and metadata_modification_time < now() - interval 1 day
            {%- endif %}
        order by database, name
    {%- endset -%}
    {%- for database, name in run_query(query).rows -%}
    {%- do adapter.drop_relation(
        api.Relation.create(
            database='', schema=database, identifier=name, type='table',
            can_on_cluster=(adapter.get_clickhouse_cluster_name() is not none)
        )
    ) -%}
    {%- do log('Dropped ' ~ database ~ '.' ~ name ~ ', which an interrupted build had left', info=true) -%}
    {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
