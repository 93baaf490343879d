with

variants as (
    select * from {{ ref('int_experiments') }}
),

observed as (
    select max(date_day) as last_date from {{ ref('dim_date') }}
    where is_observed
),

final as (
    select
        variants.experiment as experiment,
        variants.name as name,
        variants.variant as variant,
        variants.is_control as is_control,
        variants.planned_share as planned_share,
        variants.starts_on as starts_on,
        variants.ends_on as ends_on,
        observed.last_date as last_date
    from variants
    cross join observed
)

select * from final
