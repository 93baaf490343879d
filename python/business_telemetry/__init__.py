"""Business Telemetry: from a shop's raw event log to marts that people can trust."""

__version__ = "0.1.0"
