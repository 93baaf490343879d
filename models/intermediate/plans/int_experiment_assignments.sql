{{ rows_of_loaded_logs(ref('experiment_assignments')) }}
