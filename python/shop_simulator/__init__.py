"""A synthetic shop: event logs in the source format with a ground truth, and labelled daily series.

`write_log` writes a log file. `simulate_daily` gives the same shop's daily series in seconds, without a file.
Both are decided by a `LogConfig` alone: the same config, seed included, gives the same result.
"""

from shop_simulator.config import LogConfig
from shop_simulator.daily import DailyLog, simulate_daily
from shop_simulator.effects import Effect
from shop_simulator.log import truth_path, write_log

__all__ = ["DailyLog", "Effect", "LogConfig", "simulate_daily", "truth_path", "write_log"]
