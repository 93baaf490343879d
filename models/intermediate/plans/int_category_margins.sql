{{ rows_of_loaded_logs(ref('category_margin')) }}
