{#
    The first CTE of a model that is materialized as `month_rebuild`: the months that it should hold, with the version that
    their rows are to carry. docs/month-rebuild.md tells the whole.
#}

{% macro months(months_back=0, also='0') -%}
    {{ months_of(input_versions(month_inputs(), months_back, also)) }}
{%- endmacro %}


{% macro months_of(versions) -%}
    {%- if not execute or model.resource_type == 'unit_test' -%}
    -- fixtures have no versions: every month there may be
    select
        toYYYYMM(addMonths(toDate('1970-01-01'), number)) as month,
        toUInt64(0) as input_version
    from numbers(2148)
    {%- else -%}
    {{ months_begin() }}
    {{ versions }}
    {{ months_end() }}
    {%- endif -%}
{%- endmacro %}


{#- Between these the materialization finds the query, and puts the months of a batch in its place. -#}
{% macro months_begin() %}/* months */{% endmacro %}
{% macro months_end() %}/* end of months */{% endmacro %}


{% macro month_inputs() -%}
    {#- Those of the model's inputs that are rebuilt by month. -#}
    {%- set inputs = [] -%}
    {%- if execute and model.resource_type != 'unit_test' -%}
    {%- for unique_id in model.depends_on.nodes if unique_id in graph.nodes -%}
    {%- set node = graph.nodes[unique_id] -%}
    {%- if node.config.materialized == 'month_rebuild' -%}
    {%- do inputs.append(whole_table(ref(node.package_name, node.name))) -%}
    {%- endif -%}
    {%- endfor -%}
    {%- if not inputs -%}
    {{ exceptions.raise_compiler_error(
        "No input of " ~ model.name ~ " is rebuilt by month: give months_of() the versions of its months"
    ) }}
    {%- endif -%}
    {%- endif -%}
    {{ return(inputs) }}
{%- endmacro %}


{% macro whole_table(relation) -%}
    {#- Without the limit that --empty gives: partitions are those of a table, not of a query. -#}
    {{ return(api.Relation.create(schema=relation.schema, identifier=relation.identifier)) }}
{%- endmacro %}


{% macro input_versions(inputs, months_back=0, also='0') -%}
    {#-
        A model that looks back names how many months it reads before its own, and they are part of its version; `also` is a
        number that all months depend on. A month is a partition, whose first row tells its version: nothing else is read.
    -#}
    select
        toYYYYMM(addMonths(YYYYMMDDToDate(held_month * 100 + 1), months_later)) as month,
        sipHash64(arraySort(groupUniqArrayIf((months_later, version), version != 0)), {{ also }}) as input_version,
        sumIf(held_rows, months_later = 0) as row_count
    from (
        {%- for relation in inputs %}
        select
            toUInt32(_partition_id) as held_month,
            any(input_version) as version,
            0 as held_rows
        from {{ relation }}
        where _part_offset = 0
        group by held_month
        union all
        select
            toUInt32(_partition_id) as held_month,
            0 as version,
            count() as held_rows
        from {{ relation }}
        group by held_month
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


{% macro rows_of_months(relation, date_column) -%}
    {#- Versions of the months of a date, and how many rows have each, where partitions are of another date. -#}
    select
        toYYYYMM({{ date_column }}) as month,
        input_version as version,
        count() as read_rows
    from {{ relation }}
    group by month, version
{%- endmacro %}


{% macro version_of(versions) -%}
    sipHash64(arraySort(groupUniqArray({{ versions }})))
{%- endmacro %}


{% macro months_before(month, months_back) -%}
    {#- Array of the month, as a YYYYMM integer, and so many before it. -#}
    arrayMap(
        months_earlier -> toYYYYMM(addMonths(YYYYMMDDToDate({{ month }} * 100 + 1), -months_earlier)),
        range({{ months_back + 1 }})
    )
{%- endmacro %}


{% macro months_after(month, months_later) -%}
    {#- Array of the month, as a YYYYMM integer, and so many after it. -#}
    arrayMap(
        month_lag -> toYYYYMM(addMonths(YYYYMMDDToDate({{ month }} * 100 + 1), month_lag)),
        range({{ months_later + 1 }})
    )
{%- endmacro %}
