from business_telemetry.statistics.campaigns import measure


def model(dbt, session):
    return measure(dbt.ref("int_campaign_days"))
