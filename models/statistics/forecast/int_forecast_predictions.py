from business_telemetry.statistics.frames import prediction_frame


def model(dbt, session):
    return prediction_frame(dbt.ref("int_revenue_series"), dbt.ref("holidays"))
