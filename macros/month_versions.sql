{#
    Incremental models of this project are rebuilt month by month. Each row carries `input_version`, a hash of
    the inputs that its month was built from; a month is stale when that hash differs from what the upstream
    models hold now. Late rows, replaced loads and interrupted runs thus all end in the same way:
    the months concerned are built again and swapped in, and no others.
#}

{% macro version_of(versions) -%}
    sipHash64(arraySort(groupUniqArray({{ versions }})))
{%- endmacro %}


{% macro upstream_versions(relations, date_column, months_back=0, also='0') -%}
    {#-
        Versions of the months that have rows in one of `relations`. A model that looks back names how many months it reads
        before its own, and they are part of its version; `also` is a number that all months depend on.
        A session can move to another month while the events of that month stay as they are (its first event came late, or is
        gone). So what int_events tells of a month is also which sessions are in it.
    -#}
    select
        toYYYYMM(addMonths({{ date_column }}, months_later)) as month,
        sipHash64(arraySort(groupUniqArray((months_later, input_version))), sum(sessions), {{ also }}) as input_version
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
    array join range({{ months_back + 1 }}) as months_later
    group by month
    -- a month that is only read for a later one is none of the model's own
    having min(months_later) = 0
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


{% macro month_versions(relations, date_column, months_back=0, also='0') -%}
    {#- CTE body: the months to build now, with the version that their rows will carry. -#}
    {%- set versions = upstream_versions(relations, date_column, months_back, also) -%}
    {{ versions }}
    {%- if is_incremental() %}
    and {{ in_months('month', stale_months(versions, date_column)) }}
    {%- endif %}
{%- endmacro %}


{% macro months_before(month, months_back) -%}
    {#- Array of the month, as a YYYYMM integer, and so many before it. -#}
    arrayMap(
        months_earlier -> toYYYYMM(addMonths(YYYYMMDDToDate({{ month }} * 100 + 1), -months_earlier)),
        range({{ months_back + 1 }})
    )
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
