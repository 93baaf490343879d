{% macro session_months(staged_events) -%}
    {#-
        What int_events has to rebuild, as lists of months (YYYYMM):
        stale: months of session starts whose sessions may have changed;
        read: months of events that those sessions reach into.
        A session is touched when it has an event in a changed month, before or after the change.
    -#}
    {%- if not execute -%}{{ return({'stale': [], 'read': []}) }}{%- endif -%}

    {%- set changed = month_list(changed_event_months(staged_events)) -%}

    {%- set touched_sessions -%}
        select session_key from {{ staged_events }} where {{ in_months('toYYYYMM(event_date)', changed) }}
        union distinct
        select session_key from {{ this }} where {{ in_months('toYYYYMM(event_date)', changed) }}
    {%- endset -%}
    {%- set touched_months -%}
        select distinct arrayJoin([toYYYYMM(session_date), toYYYYMM(event_date)])
        from {{ this }}
        where session_key in ({{ touched_sessions }})
    {%- endset -%}
    {%- set stale = (changed + month_list(touched_months)) | unique | sort if changed else [] -%}

    {%- set reached_months -%}
        select distinct toYYYYMM(event_date) from {{ this }} where {{ in_months('toYYYYMM(session_date)', stale) }}
    {%- endset -%}
    {%- set read = (stale + month_list(reached_months)) | unique | sort if changed else [] -%}

    {{ return({'stale': stale, 'read': read}) }}
{%- endmacro %}


{% macro changed_event_months(staged_events) -%}
    {#- Months that `this` was built from in another version than staging holds now, or that are gone from it. -#}
    select month
    from (
        select toYYYYMM(event_date) as month, groupUniqArray(input_version) as versions, 'staged' as side
        from {{ staged_events }}
        group by month
        union all
        select toYYYYMM(event_date) as month, groupUniqArray(input_version) as versions, 'built' as side
        from {{ this }}
        group by month
    )
    group by month
    having uniqExact(versions) > 1 or count() < 2
{%- endmacro %}


{% macro month_list(query) -%}
    {#- by rows: an empty result of the embedded engine has no columns -#}
    {{ return(run_query(query).rows | map(attribute=0) | map('int') | list) }}
{%- endmacro %}


{% macro drop_emptied_session_months(staged_events) -%}
    {#- Post-hook: drops months of session starts that no session starts in any more. -#}
    {%- if execute and is_incremental() -%}
    {%- set query -%}
        select distinct toYYYYMM(session_date)
        from {{ this }}
        where (toYYYYMM(event_date), input_version) not in (
            select distinct toYYYYMM(event_date), input_version from {{ staged_events }}
        )
    {%- endset -%}
    {{ drop_months(month_list(query)) }}
    {%- endif -%}
{%- endmacro %}
