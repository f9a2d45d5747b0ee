"""Calls of reap, and the reaper that is stored, for the tests of that edge."""

from redisched.store.values import ReapRequest
from tests.lua.queue import FAR_MS
from tests.lua.situation import Situation, leased
from tests.server_time import NOW_MS

HOLD_MS = 5_000
GRACE_MS = 30_000
LEASE_MS = 60_000
LONGEST_MS = FAR_MS - NOW_MS
"""No lease of the neighbours lasts longer."""
REAPER = "reaper-1"


def request(worker: str = REAPER, *, limit: int = 100, crash_limit: int = 3, lease_ms: int = LONGEST_MS) -> ReapRequest:
    return ReapRequest(
        worker=worker,
        hold_ms=HOLD_MS,
        grace_ms=GRACE_MS,
        limit=limit,
        crash_limit=crash_limit,
        failure=b"crashed",
        lease_ms=lease_ms,
    )


def reaper(
    worker: str = REAPER, until_ms: int = NOW_MS + HOLD_MS, grace_ends_ms: int = 0, longest_ms: int = LONGEST_MS
) -> Situation:
    """Who reaps until when, the end of a grace, and the longest lease that anybody gives."""
    return {"reaper": f"{worker} {until_ms} {grace_ends_ms} {longest_ms}"}


def expired(id: str, *, started_ms: int = 0, tries: str | None = None, priority: int = 5) -> Situation:
    return leased(id, ends_ms=NOW_MS, started_ms=started_ms, tries=tries, priority=priority)
