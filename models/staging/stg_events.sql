{% set shop_time = in_shop_time('timestamp') %}
{% set second = 'crowded.userid, crowded.timestamp' %}
{% set duplicate_key = second ~ (', crowded.content' if is_exact() else '') %}
{% set as_in_log = 'crowded.row_index, crowded.source_file, crowded.source_line, crowded.load_id' %}
{% set strongest_first = 'actions.action_rank desc, crowded.value desc, crowded.contract, ' ~ as_in_log %}

with

months as (
    {{ months_of(staged_month_versions(ref('stg_load_days'))) }}
),

load_days as (
    select * from {{ ref('stg_load_days') }}
),

-- loads are partitions of the raw table: of the others nothing is opened
loads as (
    select distinct
        load_id,
        contract
    from load_days
    where toYYYYMM(event_date) in (select months.month from months)
),

actions as (
    select * from {{ ref('actions') }}
),

source_events as (
    select * from {{ source('telemetry_raw', 'events') }}
    where {{ is_of_shop_months('timestamp', 'months') }}
        and load_id in (select loads.load_id from loads)
),

-- without sessions in the log, a pause or midnight ends one: it has the moment of its first event for a name
stamps as (
    select distinct
        loads.contract as contract,
        source_events.userid as userid,
        source_events.timestamp as timestamp
    from source_events
    inner join loads on source_events.load_id = loads.load_id
    where source_events.sessionid = ''
),

openings as (
    select
        contract,
        userid,
        timestamp,
        lagInFrame(toNullable(timestamp)) over (
            partition by contract, userid order by timestamp rows between 1 preceding and current row
        ) as previous,
        coalesce(
            timestamp <= previous + toIntervalMinute({{ var('session_pause_minutes') }})
            and toDate({{ shop_time }}) = toDate({{ in_shop_time('previous') }}),
            false
        ) as is_continued
    from stamps
),

derived_sessions as (
    select
        contract,
        userid,
        timestamp,
        max(if(is_continued, 0, toUnixTimestamp(timestamp))) over (
            partition by contract, userid order by timestamp rows between unbounded preceding and current row
        ) as started_at
    from openings
),

-- only where a user has several rows in a second can one be a copy, or weaker than another; a number for the user is
-- quicker, and if two users should share one they are told apart below
crowded_seconds as (
    select
        sipHash64(userid) as user_hash,
        timestamp
    from source_events
    group by user_hash, timestamp
    having count() > 1
),

alone as (
    select
        source_events.*,
        1 as strength_rank,
        1 as raw_row_count,
        1 as place_in_second
    from source_events
    where (sipHash64(userid), timestamp) not in (
            select
                crowded_seconds.user_hash,
                crowded_seconds.timestamp
            from crowded_seconds
        )
),

crowded as (
    select
        source_events.*,
        loads.contract as contract,
        {{ row_content() }} as content
    from source_events
    inner join loads on source_events.load_id = loads.load_id
    where (sipHash64(source_events.userid), source_events.timestamp) in (
            select
                crowded_seconds.user_hash,
                crowded_seconds.timestamp
            from crowded_seconds
        )
),

-- in each of these seconds the strongest row stands first, and so it does among its copies; of copies in several logs
-- those of one log, or a session that was exported twice would be torn in two
ranked as (
    select
        crowded.*,
        row_number() over (
            partition by {{ second }}
            order by {{ strongest_first }}
            rows between unbounded preceding and current row
        ) as strength_rank,
        row_number() over (
            partition by {{ duplicate_key }}
            order by {{ strongest_first }}
            rows between unbounded preceding and current row
        ) as copy_no,
        count() over (partition by {{ duplicate_key }}) as raw_row_count,
        row_number() over (
            partition by {{ second }}
            order by actions.action_rank, {{ as_in_log }}
            rows between unbounded preceding and current row
        ) as place_in_second
    from crowded
    inner join actions on crowded.action = actions.action
),

told_apart as (
    select * except (contract, content, copy_no) from ranked
    where copy_no = 1
),

united as (
    select * from alone
    union all
    select * from told_apart
),

of_logs as (
    select
        united.*,
        loads.contract as contract
    from united
    inner join loads on united.load_id = loads.load_id
),

events as (
    select
        of_logs.*,
        if(
            of_logs.sessionid = '', concat('~', toString(coalesce(derived_sessions.started_at, 0))), of_logs.sessionid
        ) as session_id
    from of_logs
    left join derived_sessions
        on of_logs.sessionid = ''
            and of_logs.contract = derived_sessions.contract
            and of_logs.userid = derived_sessions.userid
            and of_logs.timestamp = derived_sessions.timestamp
),

final as (
    select
        -- keys
        {{ surrogate_key(['events.contract', 'events.userid', 'events.session_id']) }} as session_key,
        events.userid as user_id,
        events.session_id as session_id,
        events.contract as contract,

        -- time
        {{ in_shop_time('events.timestamp') }} as occurred_at,
        toDate({{ in_shop_time('events.timestamp') }}) as event_date,

        -- event
        events.action as action,
        actions.action_rank as action_rank,
        events.value as value,
        events.quantity as quantity,
        {{ known_text('events.category') }} as category,
        {{ known_text('events.product') }} as product,
        events.order_id as order_id,

        -- user, at the time of the event
        {{ known_city('events.city') }} as city,
        {{ known_text('events.gender') }} as gender,
        events.age as age,

        -- origin
        toUInt32(events.place_in_second) as place_in_second,
        toUInt64(events.raw_row_count) as raw_row_count,
        events.strength_rank = 1 as is_deepest_of_second,
        months.input_version as input_version
    from events
    inner join months on toYYYYMM({{ in_shop_time('events.timestamp') }}) = months.month
    inner join actions on events.action = actions.action
)

select * from final
