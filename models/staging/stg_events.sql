{% set versions = staged_month_versions(ref('stg_loads')) %}

with

months as (
    {{ versions }}
    {%- if is_incremental() %}
    having {{ in_months('month', stale_months(versions, 'event_date')) }}
    {%- endif %}
),

loads as (
    select * from {{ ref('stg_loads') }}
),

actions as (
    select * from {{ ref('actions') }}
),

source_events as (
    select * from {{ source('telemetry_raw', 'events') }}
    where toYYYYMM({{ in_shop_time('timestamp') }}) in (select months.month from months)
        and load_id in (select loads.load_id from loads)
),

ranked as (
    select
        source_events.*,
        toYYYYMM({{ in_shop_time('source_events.timestamp') }}) as month,
        actions.action_rank as action_rank,
        row_number() over (
            partition by toYYYYMM({{ in_shop_time('source_events.timestamp') }}), {{ duplicate_key() }}
            order by
                actions.action_rank desc,
                source_events.value desc,
                source_events.row_index asc,
                source_events.source_file asc,
                source_events.source_line asc
        ) as duplicate_rank,
        count() over (partition by toYYYYMM({{ in_shop_time('source_events.timestamp') }}), {{ duplicate_key() }}) as raw_row_count
    from source_events
    inner join actions on source_events.action = actions.action
),

final as (
    select
        -- keys
        {{ surrogate_key(['ranked.userid', 'ranked.sessionid']) }} as session_key,
        ranked.userid as user_id,
        ranked.sessionid as session_id,

        -- time
        {{ in_shop_time('ranked.timestamp') }} as occurred_at,
        toDate({{ in_shop_time('ranked.timestamp') }}) as event_date,

        -- event
        ranked.action as action,
        ranked.action_rank as action_rank,
        ranked.value as value,
        {{ known('ranked.category') }} as category,

        -- user, at the time of the event
        {{ known('ranked.city') }} as city,
        ranked.gender as gender,
        ranked.age as age,

        -- origin
        ranked.row_index as row_index,
        ranked.raw_row_count as raw_row_count,
        months.input_version as input_version
    from ranked
    inner join months on ranked.month = months.month
    where ranked.duplicate_rank = 1
)

select * from final
