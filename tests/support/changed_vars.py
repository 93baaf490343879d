"""Another value for every var of the project."""

from __future__ import annotations

CHANGED: dict[str, object] = {
    "shop_timezone": "Asia/Vladivostok",
    "timestamps_are_local": True,
    "dedup_mode": "key",
    "session_pause_minutes": 10,
    "unknown_label": "нет данных",
    "largest_segments": 1,
    "other_label": "Остальные",
    "session_gap_hours": 1,
    "cart_recovery_days": 40,
    "heavy_user_events": 5,
    "build_batch_rows": 50,
    "as_of": "2022-03-05",
}
