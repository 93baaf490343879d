from business_telemetry.statistics.experiments import read_out


def model(dbt, session):
    return read_out(dbt.ref("int_experiment_users"), dbt.ref("int_experiment_variants"))
