with

scores as (
    select * from {{ ref('int_anomaly_scores') }}
),

-- the memory may hold what later runs found: a run as of an earlier day does not know it
flags as (
    select * from {{ ref('int_anomaly_first_flags') }}
    where first_flagged_on <= (select max(scores.as_of) from scores)
),

first_flags as (
    select
        metric,
        segment_type,
        segment,
        day,
        min(first_flagged_on) as first_flagged_on
    from flags
    group by metric, segment_type, segment, day
),

final as (
    select
        scores.day as day,
        scores.metric as metric,
        scores.segment_type as segment_type,
        scores.segment as segment,
        scores.value as value,
        scores.expected as expected,
        scores.lower as lower,
        scores.upper as upper,
        scores.score as score,
        scores.p_value as p_value,
        scores.q_value as q_value,
        scores.is_anomaly as is_anomaly,
        scores.kind as kind,
        scores.direction as direction,
        scores.severity as severity,
        scores.is_tested as is_tested,
        scores.history as history,
        scores.event_key as event_key,
        scores.event_start as event_start,
        scores.event_end as event_end,
        scores.impact as impact,
        scores.impact_share as impact_share,
        first_flags.first_flagged_on as first_flagged_on,
        scores.as_of as as_of
    from scores
    left join first_flags
        on scores.metric = first_flags.metric
            and scores.segment_type = first_flags.segment_type
            and scores.segment = first_flags.segment
            and scores.day = first_flags.day
)

select * from final
