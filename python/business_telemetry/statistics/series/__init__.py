"""Daily series, many at a time in a `Panel`, and the value expected of each day."""

from business_telemetry.statistics.series.panel import CalendarDay, Panel

__all__ = ["CalendarDay", "Panel"]
