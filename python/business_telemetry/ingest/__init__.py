"""Ingestion: event logs are validated by Spark, staged as Parquet and published in ClickHouse load by load."""
