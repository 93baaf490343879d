{#
    Incremental models of this project are rebuilt month by month. Each row carries `input_version`, a hash of
    the inputs that its month was built from; a month is stale when that hash differs from what the upstream
    models hold now. Late rows, replaced loads and interrupted runs thus all end in the same way:
    the months concerned are built again and swapped in, and no others.
#}

{% macro version_of(versions) -%}
    sipHash64(arraySort(groupUniqArray({{ versions }})))
{%- endmacro %}


{% macro upstream_versions(relations, date_column) -%}
    {#-
        A session can move to another month while the events of that month stay as they are (its first event came late, or is
        gone). So what int_events tells of a month is also which sessions are in it.
    -#}
    select
        toYYYYMM({{ date_column }}) as month,
        sipHash64(arraySort(groupUniqArray(input_version)), sum(sessions)) as input_version
    from (
        {%- for relation in relations %}
        select
            {{ date_column }},
            input_version,
            {{ 'sum(session_key)' if relation.identifier.endswith('int_events') else 'toUInt64(0)' }} as sessions
        from {{ relation }}
        group by {{ date_column }}, input_version
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    )
    group by month
{%- endmacro %}


{% macro stale_months(versions_sql, date_column) -%}
    {#- Months, as YYYYMM integers, that `this` holds in another version than `versions_sql`, or not at all. -#}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {%- set query -%}
        select upstream.month
        from ({{ versions_sql }}) as upstream
        left join (
            select toYYYYMM({{ date_column }}) as month, any(input_version) as input_version
            from {{ this }}
            group by month
        ) as built on upstream.month = built.month
        where upstream.input_version != built.input_version
        order by upstream.month
        settings join_use_nulls = 0
    {%- endset -%}
    {{ return(month_list(query)) }}
{%- endmacro %}


{% macro month_versions(relations, date_column) -%}
    {#- CTE body: the months to build now, with the version that their rows will carry. -#}
    {{ upstream_versions(relations, date_column) }}
    {%- if is_incremental() %}
    having {{ in_months('month', stale_months(upstream_versions(relations, date_column), date_column)) }}
    {%- endif %}
{%- endmacro %}


{% macro in_months(month, months) -%}
    {{ month }} in ({{ months | join(', ') or 0 }})
{%- endmacro %}


{% macro drop_emptied_months(versions_sql, date_column) -%}
    {#- Post-hook: drops the months of `this` whose inputs are gone, which a swap of new partitions leaves behind. -#}
    {%- if execute and is_incremental() -%}
    {%- set query -%}
        select distinct built.month
        from (
            select toYYYYMM({{ date_column }}) as month, any(input_version) as input_version
            from {{ this }}
            group by month
        ) as built
        left join ({{ versions_sql }}) as upstream on upstream.month = built.month
        where upstream.input_version != built.input_version
        settings join_use_nulls = 0
    {%- endset -%}
    {{ drop_months(month_list(query)) }}
    {%- endif -%}
{%- endmacro %}


{% macro drop_months(months) -%}
    {%- if months -%}
    alter table {{ this }} {% for month in months %}drop partition {{ month }}{{ ', ' if not loop.last }}{% endfor %}
    {%- endif -%}
{%- endmacro %}
