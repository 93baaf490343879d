"""Statistics of daily series, campaigns and experiments: pure functions; `frames` feeds them models' rows."""
