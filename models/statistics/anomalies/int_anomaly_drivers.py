from business_telemetry.statistics.frames import driver_frame


def model(dbt, session):
    return driver_frame(dbt.ref("int_anomaly_scores"), dbt.ref("int_metric_series"))
