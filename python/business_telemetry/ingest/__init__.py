"""Event logs into ClickHouse: Spark validates and stages them, ClickHouse publishes load by load."""
