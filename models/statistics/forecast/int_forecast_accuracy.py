from business_telemetry.statistics.frames import accuracy_frame


def model(dbt, session):
    return accuracy_frame(dbt.ref("int_forecast_predictions"))
