-- A user's versions follow each other without gap or overlap, each differs from the last, and the latest is dim_user's.
with

compared as (
    select
        history.*,
        leadInFrame(toNullable(valid_from)) over user_life as next_valid_from,
        lagInFrame(tuple(city, gender, coalesce(age, 255))) over user_life as previous_attributes
    from {{ ref('dim_user_history') }} as history
    window user_life as (
        partition by user_id order by valid_from
        rows between unbounded preceding and unbounded following
    )
),

current_versions as (
    select * from {{ ref('dim_user_history') }}
    where is_current
)

select user_id
from compared
where coalesce(valid_to != next_valid_from, isNull(valid_to) != isNull(next_valid_from))
    or tuple(city, gender, coalesce(age, 255)) = previous_attributes
union all
select users.user_id as user_id
from {{ ref('dim_user') }} as users
left join current_versions on users.user_id = current_versions.user_id
where not coalesce(
        users.city = current_versions.city and users.gender = current_versions.gender,
        false
    )
    or coalesce(users.age, 255) != coalesce(current_versions.age, 255)
