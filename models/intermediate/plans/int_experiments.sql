{{ rows_of_loaded_logs(ref('experiments')) }}
