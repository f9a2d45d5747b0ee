"""The end of the grace, before which nothing may be reaped, so that live workers renew first: without Redis."""

from math import ceil
from typing import TypeAlias

from redisched.store.values import ReapRequest

Noted: TypeAlias = tuple[str, int, int, int]
"""The worker that reaps, until when others leave it to reap, the end of the grace, and the longest lease requested."""


def grace_end(noted: Noted | None, request: ReapRequest, now_ms: int, latest_end_ms: int, *, has_leases: bool) -> int:
    """The end of the grace in server milliseconds, even if it is over. `latest_end_ms` is the latest end of a lease."""
    latest_ms = now_ms + request.grace_ms
    if not noted:
        return latest_ms if has_leases else 0
    _, until_ms, ends_ms, _ = noted
    if until_ms > latest_end_ms:
        return latest_ms
    last_ms = until_ms - request.hold_ms
    paused_ms = now_ms - last_ms
    if paused_ms > 2 * request.hold_ms:
        if ends_ms <= last_ms or paused_ms > request.lease_ms / 2 + request.hold_ms:
            return latest_ms
        ends_ms = max(ends_ms + paused_ms, now_ms + ceil(request.lease_ms / 2))
    return min(ends_ms, latest_ms)
