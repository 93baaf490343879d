from business_telemetry.statistics.frames import score_frame


def model(dbt, session):
    return score_frame(dbt.ref("int_metric_series"), dbt.ref("holidays"), dbt.ref("int_campaigns"))
