"""Dead tasks in groups by handler and error, so that one cause is one line, however many tasks it has killed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from redisched.filters.conditions import StateIn
from redisched.filters.error_groups import general_error, group_of
from redisched.filters.filter import Filter
from redisched.filters.reading import LOOKS, shards_of
from redisched.filters.scan import STEP, Scan
from redisched.model import TaskState
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.page import Place
from redisched.store.view import TaskView


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadGroup:
    """Dead tasks of one handler whose errors differ only in numbers and ids.

    The filter `group:` with the name of the group selects them. `error` has `<n>` and `<id>` in place of these. Times
    are the server's, in milliseconds; `newest_id` is the task that died last.
    """

    group: str
    name: str
    error: str
    count: int
    reasons: tuple[str, ...]
    queues: tuple[str, ...]
    newest_id: str
    newest_ms: int
    oldest_ms: int


@dataclass(frozen=True, slots=True)
class DeadGroups:
    """The groups, the largest first. If `is_complete` is false, they hold only tasks among the `looked_at` that died
    last, of about `of_about`; another read goes on at `cursor`. `now_ms` is the time of the server, 0 if no task is
    dead.
    """

    groups: Sequence[DeadGroup]
    looked_at: int
    is_complete: bool
    now_ms: int
    cursor: str | None = None
    of_about: int | None = None


def read_dead_groups(
    script_runner: ScriptRunner, wanted: Filter, looks: int = LOOKS, cursor: str | None = None
) -> Operation[DeadGroups]:
    """Group the dead tasks that match, of about `looks` that died last, or that died before the place of a cursor.
    Raises InvalidOption for a cursor that cannot be, ShardMapDamaged, and BrokerError.
    """
    after = None if cursor is None else Place.read("cursor", cursor)
    dead = wanted.also(StateIn(frozenset({TaskState.DEAD})))
    scan = Scan((yield from shards_of(script_runner, dead)), dead, after)
    views: dict[str, list[TaskView]] = defaultdict(list)
    now_ms = 0
    while not scan.is_over and scan.looked_at < looks:
        for _, view in (yield from scan.step(2 * STEP)):
            views[group_of(view.failure)].append(view)
            now_ms = view.now_ms
    groups = [_group(name, members) for name, members in views.items()]
    groups.sort(key=lambda group: (-group.count, -group.newest_ms, group.group))
    of_about = None if scan.is_over else (yield from scan.extent())
    return DeadGroups(groups, scan.looked_at, scan.is_over, now_ms, scan.cursor, of_about)


def _group(group: str, views: Sequence[TaskView]) -> DeadGroup:
    """A group of tasks, the one that died last first."""
    newest = views[0]
    times = [view.died_ms or 0 for view in views]
    return DeadGroup(
        group=group,
        name=newest.name,
        error=general_error(newest.failure.error) if newest.failure else "",
        count=len(views),
        reasons=tuple(Counter(view.failure.reason for view in views if view.failure and view.failure.reason)),
        queues=tuple(sorted({view.queue for view in views})),
        newest_id=newest.id,
        newest_ms=max(times),
        oldest_ms=min(times),
    )
