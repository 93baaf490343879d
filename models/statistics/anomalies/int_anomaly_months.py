from business_telemetry.statistics.frames import month_frame


def model(dbt, session):
    return month_frame(dbt.ref("int_anomaly_month_sums"))
