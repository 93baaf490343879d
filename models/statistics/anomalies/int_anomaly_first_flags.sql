with

flagged as (
    select
        metric,
        segment_type,
        segment,
        day,
        as_of
    from {{ ref('int_anomaly_scores') }}
    where is_anomaly
),

{% if is_incremental() %}
remembered as (
    select
        metric,
        segment_type,
        segment,
        day,
        min(first_flagged_on) as first_flagged_on
    from {{ this }}
    group by metric, segment_type, segment, day
),
{% endif %}

final as (
    select
        flagged.metric as metric,
        flagged.segment_type as segment_type,
        flagged.segment as segment,
        flagged.day as day,
        flagged.as_of as first_flagged_on
    from flagged
    {% if is_incremental() %}
    left join remembered
        on flagged.metric = remembered.metric
            and flagged.segment_type = remembered.segment_type
            and flagged.segment = remembered.segment
            and flagged.day = remembered.day
    where remembered.first_flagged_on is null or flagged.as_of < remembered.first_flagged_on
    {% endif %}
)

select * from final
