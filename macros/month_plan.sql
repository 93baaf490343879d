{% macro month_plan(versions, held, batch_rows) -%}
    {#-
        One row a month that is not as it should be:
        stale: it is to be built, in this batch, with this version; is_held tells whether there are old rows;
        gone: it is held and has no inputs any more;
        empty: nothing is to be done, it is known to have no rows in this version.
    -#}
    with

    compared as (
        select
            month,
            countIf(side = 'wanted') > 0 as is_wanted,
            countIf(side = 'held') > 0 as is_held,
            maxIf(input_version, side = 'wanted') as wanted_version,
            if(is_held, maxIf(input_version, side = 'held'), maxIf(input_version, side = 'empty')) as built_version,
            multiIf(
                not is_wanted, if(is_held, 'gone', ''),
                wanted_version != built_version, 'stale',
                is_held, '',
                'empty'
            ) as status,
            if(status = 'stale', sum(row_count), 0) as rows_to_read
        from (
            select
                toUInt32(wanted.month) as month,
                -- a version that comes from a subquery is Nullable, and NULL would be unlike nothing
                coalesce(toUInt64(wanted.input_version), 0) as input_version,
                toUInt64(wanted.row_count) as row_count,
                'wanted' as side
            from ({{ versions }}) as wanted
            {%- if held %}
            union all
            {{ held }}
            {%- endif %}
        )
        group by month
    )

    select
        toString(compared.month) as month_id,
        toString(compared.wanted_version) as input_version,
        compared.status as status,
        compared.is_held as is_held,
        intDiv(
            sum(compared.rows_to_read) over (
                order by compared.month rows between unbounded preceding and 1 preceding
            ),
            {{ batch_rows }}
        ) as batch
    from compared
    where compared.status != ''
    order by compared.month
{%- endmacro %}


{% macro held_months(relation, empty_months) -%}
    {#- A month with rows is a partition; `empty_months` maps those that came out empty to their versions. -#}
    select
        toUInt32(_partition_id) as month,
        any(input_version) as input_version,
        toUInt64(0) as row_count,
        'held' as side
    from {{ relation }}
    where _part_offset = 0
    group by month
    {%- if empty_months %}
    union all
    select
        month,
        input_version,
        toUInt64(0) as row_count,
        'empty' as side
    from ({{ month_list(empty_months) }})
    {%- endif %}
{%- endmacro %}


{% macro month_list(months) -%}
    {#- Months and their versions as literals: partitions that are not asked for are not opened. -#}
    select
        month,
        input_version
    from values(
        'month UInt32, input_version UInt64', {% for month, version in (months or {0: 0}).items() -%}
            ({{ month }}, {{ version }}){{ ', ' if not loop.last }}
        {%- endfor %}
    )
    where month > 0
{%- endmacro %}


{% macro swap_months(relation, aside, built, dropped) -%}
    {#- One statement: months come in as they were built, others go. -#}
    alter table {{ relation }}
    {%- for month in built %}
    replace partition id '{{ month }}' from {{ aside }}{{ ',' if dropped or not loop.last }}
    {%- endfor %}
    {%- for month in dropped %}
    drop partition id '{{ month }}'{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
