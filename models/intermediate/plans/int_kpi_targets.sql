{{ rows_of_loaded_logs(ref('kpi_targets')) }}
