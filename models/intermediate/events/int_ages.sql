with

age_groups as (
    select * from {{ ref('age_groups') }}
),

final as (
    select
        toUInt8(arrayJoin(range(min_age, max_age + 1))) as age,
        age_group
    from age_groups
)

select * from final
