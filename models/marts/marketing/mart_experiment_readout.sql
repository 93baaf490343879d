with

readout as (
    select * from {{ ref('int_experiment_readout') }}
),

variants as (
    select * from {{ ref('int_experiment_variants') }}
),

final as (
    select
        toLowCardinality(readout.experiment) as experiment,
        variants.name as name,
        variants.starts_on as starts_on,
        variants.ends_on as ends_on,
        toLowCardinality(readout.variant) as variant,
        variants.is_control as is_control,
        toLowCardinality(readout.metric) as metric,
        toLowCardinality(readout.status) as status,
        readout.user_count as user_count,
        readout.excluded_user_count as excluded_user_count,
        readout.mean_value as mean_value,
        readout.effect as effect,
        readout.lower as effect_lower,
        readout.upper as effect_upper,
        readout.p_value as p_value,
        readout.p_holm as p_holm,
        readout.mde as mde,
        readout.srm_p_value as srm_p_value
    from readout
    inner join variants
        on readout.experiment = variants.experiment
            and readout.variant = variants.variant
)

select * from final
