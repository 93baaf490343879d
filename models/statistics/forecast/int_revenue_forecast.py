from business_telemetry.statistics.frames import forecast_frame


def model(dbt, session):
    return forecast_frame(dbt.ref("int_forecast_predictions"))
