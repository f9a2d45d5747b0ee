"""What workers did, as records."""

from typing import Any

from redisched.activity import Activity, AttemptEnd, percentile_ms, total
from redisched.client.stats import Stats

OTHERS = "other"
"""How handlers and queues are called for which there was no room, and what is about none."""


def activity_record(activity: Activity) -> dict[str, Any]:
    """Return numbers by how attempts ended, and how long tasks waited and ran, in ms; None if none did."""
    ends = {end.name.lower(): activity.number(end) for end in AttemptEnd}
    durations = {
        f"{kind}_p{round(share * 100)}_ms": _rounded(percentile_ms(buckets, share))
        for kind, buckets in (("wait", activity.waits), ("run", activity.runs))
        for share in (0.5, 0.95)
    }
    return {"ended": activity.ended, **ends, **durations}


def stats_record(stats: Stats) -> dict[str, Any]:
    """Return what was done in a time: by queue and handler, all together, and step by step."""
    return {
        "from_ms": stats.from_ms,
        "now_ms": stats.now_ms,
        "step_ms": stats.step_ms,
        "total": activity_record(stats.whole),
        "rows": [
            {"queue": key.queue or OTHERS, "handler": key.handler or OTHERS, **activity_record(activity)}
            for key, activity in sorted(stats.rows.items())
        ],
        "series": [{"begin_ms": begin_ms, **activity_record(total(rows.values()))} for begin_ms, rows in stats.series],
    }


def _rounded(duration_ms: float | None) -> float | None:
    return None if duration_ms is None else round(duration_ms, 1)
