"""Statistics of daily series, campaigns and experiments: pure functions; `frames` turns models' rows into arrays."""
