"""Which moments local times are in a zone whose clocks are changed. There are two rules, those of Debian's cron.

By the wall clock: a local time that is skipped is the moment right after the gap, and one that comes twice is the
first of the two moments. By real time: a moment counts if its local time does. So a local time that is skipped never
comes, and one that is repeated comes twice.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TypeAlias

NextLocal: TypeAlias = Callable[[datetime], datetime | None]
"""Returns the first local time, without a zone, after a local time; None if there is none."""

_STEP = timedelta(days=1)
"""No zone has two changes of its clocks within a day."""
_SECOND = timedelta(seconds=1)


def next_by_wall_clock(next_local: NextLocal, zone: tzinfo, after: datetime) -> datetime | None:
    """Return the first moment after another, in UTC."""
    local = next_local(_local(after, zone))
    while local is not None:
        moment = _moment(local, zone)
        # Within repeated hours the local times seem to lie ahead; their moments were in the first of the two.
        if moment > after:
            return moment
        local = next_local(local)
    return None


def next_by_real_time(next_local: NextLocal, zone: tzinfo, after: datetime) -> datetime | None:
    """Return the first moment after another, in UTC."""
    began = after
    while True:
        # The offset that holds from `began` on, which may be the moment at which clocks are changed.
        offset = _offset(began + _SECOND, zone)
        local = next_local((began + offset).replace(tzinfo=None))
        if local is None:
            return None
        moment = local.replace(tzinfo=UTC) - offset
        change = _first_change(zone, began + _SECOND, moment)
        if change is None:
            return moment
        began = change - _SECOND


def _local(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _moment(local: datetime, zone: tzinfo) -> datetime:
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    while _local(moment, zone) != local:
        local = local.replace(second=0) + timedelta(minutes=1)
        moment = local.replace(tzinfo=zone).astimezone(UTC)
    return moment


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _first_change(zone: tzinfo, first: datetime, last: datetime) -> datetime | None:
    """The first moment at which another offset holds than at `first`; None if there is none up to `last`."""
    offset = _offset(first, zone)
    same, other = first, min(first + _STEP, last)
    while _offset(other, zone) == offset:
        if other >= last:
            return None
        same, other = other, min(other + _STEP, last)
    while other - same > _SECOND:
        middle = same + (other - same) // _SECOND // 2 * _SECOND
        same, other = (middle, other) if _offset(middle, zone) == offset else (same, middle)
    return other
