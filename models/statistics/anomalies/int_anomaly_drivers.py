from business_telemetry.statistics.frames import driver_frame


def model(dbt, session):
    return driver_frame(dbt.ref("int_anomaly_part_sums"))
