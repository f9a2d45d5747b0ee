"""What workers did in the last minutes, hours or days: how many tasks ended how, how long they waited and ran."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from redisched.activity import Activity, total
from redisched.errors import InvalidOption
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.tallies import ActivityKey, Span, Tallies

K = TypeVar("K", bound=Hashable)
LONGEST_IN_MINUTES_MS = 3 * 3_600_000
"""A longer time is read by the hour."""
LONGEST_MS = Span.HOUR.ms * Span.HOUR.kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What workers did from `from_ms` to `now_ms`, by the server's clock. The first minute or hour is whole, so this
    may be a little more than was asked for.

    `rows` has the numbers of each queue and handler; a handler is empty for what is about none, and for those beyond
    the limit of 60 in a minute or 75 in an hour. `series` has, for each minute or hour (`step_ms`), when it began and
    all numbers together; those in which nothing was done are left out.
    """

    from_ms: int
    now_ms: int
    step_ms: int
    rows: Mapping[ActivityKey, Activity]
    series: tuple[tuple[int, Mapping[ActivityKey, Activity]], ...]

    @property
    def whole(self) -> Activity:
        """All numbers together."""
        return total(self.rows.values())

    @property
    def minutes(self) -> float:
        """How many minutes these are."""
        return max(1, self.now_ms - self.from_ms) / 60_000

    def by_queue(self) -> dict[str, Activity]:
        """The numbers of each queue. Its percentiles cannot be computed from those of its handlers."""
        return _sums((key.queue, activity) for key, activity in self.rows.items())

    def latest(self, since_ms: int) -> "Stats":
        """What of this was done in the last `since_ms`, with the whole minute or hour in which they begin."""
        from_ms = (self.now_ms - since_ms) // self.step_ms * self.step_ms
        series = tuple((begin_ms, rows) for begin_ms, rows in self.series if begin_ms >= from_ms)
        rows = _sums(row for _, of_step in series for row in of_step.items())
        return replace(self, from_ms=max(from_ms, self.from_ms), rows=rows, series=series)


def read_stats(
    script_runner: ScriptRunner, since_ms: int, queue: str | None = None, before_ms: int = 0
) -> Operation[Stats]:
    """Read what was done in the last `since_ms`, without the minutes or hours of the last `before_ms`. Costs one
    command for each minute, or each hour if it is long.
    """
    seconds, microseconds = yield ("TIME",)
    now_ms = int(seconds) * 1_000 + int(microseconds) // 1_000
    span = Span.MINUTE if since_ms <= LONGEST_IN_MINUTES_MS else Span.HOUR
    first, last = span.number_at(now_ms - since_ms), span.number_at(now_ms - before_ms)
    found = yield from Tallies(script_runner).read(span, range(first, last if before_ms else last + 1))
    series = []
    for number in sorted(found):
        wanted = {key: activity for key, activity in found[number].items() if queue in (None, key.queue)}
        if wanted:
            series.append((number * span.ms, wanted))
    rows = _sums(row for _, of_step in series for row in of_step.items())
    return Stats(from_ms=first * span.ms, now_ms=now_ms, step_ms=span.ms, rows=rows, series=tuple(series))


def _sums(rows: Iterable[tuple[K, Activity]]) -> dict[K, Activity]:
    sums: dict[K, Activity] = {}
    for key, activity in rows:
        sums.setdefault(key, Activity()).add(activity)
    return sums


def check_since(since_ms: int) -> int:
    """A length of time before now, in milliseconds. Raises InvalidOption."""
    if not 1_000 <= since_ms <= LONGEST_MS:
        raise InvalidOption("since", f"{since_ms} ms", "from a second to 30 days")
    return since_ms
