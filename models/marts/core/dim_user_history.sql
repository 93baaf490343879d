with

changes as (
    select * from {{ ref('int_user_attributes') }}
),

ages as (
    select * from {{ ref('int_ages') }}
),

compared as (
    select
        changes.*,
        row_number() over user_life as state_no,
        -- a NULL is unlike every other
        tuple(changes.city, changes.gender, coalesce(changes.age, 255)) as attributes,
        lagInFrame(attributes) over user_life as previous_attributes
    from changes
    window user_life as (
        partition by changes.user_id order by changes.occurred_at
        rows between unbounded preceding and current row
    )
),

versions as (
    select * from compared
    where state_no = 1
        or attributes != previous_attributes
),

closed as (
    select
        versions.*,
        leadInFrame(toNullable(versions.occurred_at)) over (
            partition by versions.user_id order by versions.occurred_at
            rows between current row and unbounded following
        ) as valid_to
    from versions
),

final as (
    select
        closed.user_id as user_id,
        closed.occurred_at as valid_from,
        closed.valid_to as valid_to,
        toBool(isNull(closed.valid_to)) as is_current,
        closed.city as city,
        closed.gender as gender,
        closed.age as age,
        {{ known('ages.age_group') }} as age_group
    from closed
    left join ages on closed.age = ages.age
)

select * from final
