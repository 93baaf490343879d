{% macro event_month_versions(staged_events) -%}
    {#-
        A month of int_events holds the sessions that begin in it, and these may reach into other months. Its version names those
        that share a session with it, and their versions in staging. When a session moves to another month because its first
        event comes late or is gone, then the month of that event has changed, and it is named before or after by both.
    -#}
    select
        linked.month as month,
        {{ version_of('(linked.linked_month, staged.input_version)') }} as input_version,
        anyIf(staged.row_count, linked.month = linked.linked_month) as row_count
    from (
        select distinct
            toYYYYMM(event_date) as month,
            toYYYYMM(event_date) as linked_month
        from {{ staged_events }}
        union distinct
        select distinct
            month,
            arrayJoin(session_months) as linked_month
        from (
            select groupUniqArray(toYYYYMM(event_date)) as session_months
            from {{ staged_events }}
            where session_key in (
                select crossing.session_key from {{ staged_events }} as crossing
                group by crossing.session_key
                having toYYYYMM(min(crossing.event_date)) != toYYYYMM(max(crossing.event_date))
            )
            group by session_key
        )
        array join session_months as month
    ) as linked
    inner join (
        select
            toYYYYMM(event_date) as month,
            any(input_version) as input_version,
            count() as row_count
        from {{ staged_events }}
        group by month
    ) as staged on linked.linked_month = staged.month
    group by linked.month
{%- endmacro %}
