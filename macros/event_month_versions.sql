{#-
    A month of int_events holds the sessions that begin in it, and few of these reach into other months. Its version names
    its own events, by their version in staging, and all events of the crossing sessions that touch it, by what they are:
    a new day leaves the month before alone unless a session that reaches back has changed. When a session moves to another
    month because its first event comes late or is gone, it touches both months before or after.
-#}
{% macro event_month_versions(staged_events, crossing_events) -%}
    select
        staged.month as month,
        sipHash64(staged.input_version, coalesce(crossing.sessions_hash, 0)) as input_version,
        staged.row_count as row_count
    from ({{ input_versions([staged_events]) }}) as staged
    left join (
        select
            touched.month as month,
            sum(sessions.session_hash) as sessions_hash
        from (
            select distinct
                session_key,
                toYYYYMM(event_date) as month
            from {{ crossing_events }}
        ) as touched
        inner join (
            select
                session_key,
                -- a tuple has a hash even where one of its parts is NULL
                sum(sipHash64(tuple(* except (input_version)))) as session_hash
            from {{ crossing_events }}
            group by session_key
        ) as sessions on touched.session_key = sessions.session_key
        group by touched.month
    ) as crossing on staged.month = crossing.month
{%- endmacro %}


{#- For int_crossing_events: the months of sessions that have events in several, and which sessions these are. -#}
{% macro crossing_month_versions(session_months) -%}
    select
        toYYYYMM(session_months.month) as month,
        sipHash64(any(session_months.input_version), sum(sipHash64(session_months.session_key))) as input_version,
        count() as row_count
    from {{ session_months }} as session_months
    where session_months.session_key in (
            {{ crossing_sessions(session_months) }}
        )
    group by month
{%- endmacro %}


{#- The sessions that have events in several months. -#}
{% macro crossing_sessions(session_months) -%}
    select crossing.session_key from {{ session_months }} as crossing
    group by crossing.session_key
    having count() > 1
{%- endmacro %}
