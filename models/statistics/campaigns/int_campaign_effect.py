from business_telemetry.campaigns import measure


def model(dbt, session):
    return measure(dbt.ref("int_campaign_days"))
