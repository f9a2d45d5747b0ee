"""Pages of the tasks that match a filter, of all queues and shards, in the order of one listing.

One read looks at a limited number of tasks, however few of them match, and answers a cursor with which the next read
goes on after the last task that was looked at. So each read costs about the same, and none skips tasks because others
came or went.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from redisched.filters.filter import Filter
from redisched.filters.scan import Located, Scan
from redisched.option_checks import check_whole
from redisched.store.inspect import Inspector, queues
from redisched.store.inspect_shard import ShardInspector
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.page import Place
from redisched.store.view import TaskView

LOOKS = 10_000
"""For one page about so many tasks are looked at, unless the caller says otherwise."""
LARGEST_LIMIT = 1_000
"""The most tasks of a page."""
_IDS = 50
"""So many tasks are read at once by their ids."""


@dataclass(frozen=True, slots=True)
class FilteredPage:
    """Tasks that match a filter, in the order of a listing: due, waiting for their time, leased, dead, ended.

    `cursor` is where the next page begins, None at the end. A page may be short or empty though there is a next one.
    `looked_at` is how many tasks were looked at for it; if it is short, `of_about` is how many there are to look at in
    the whole listing, about.
    """

    views: Sequence[TaskView]
    cursor: str | None
    looked_at: int
    of_about: int | None = None


def read_page(
    script_runner: ScriptRunner, wanted: Filter, cursor: str | None = None, limit: int = 50, looks: int = LOOKS
) -> Operation[FilteredPage]:
    """The next page of about `limit` tasks that match, for which about `looks` tasks are looked at, at most.

    `cursor` is that of the page before, None for the first page. Every command takes Redis a bounded time. Raises
    InvalidOption for a cursor or a limit that cannot be, ShardMapDamaged, and BrokerError.
    """
    after = None if cursor is None else Place.read("cursor", cursor)
    check_whole("limit", limit, 1, LARGEST_LIMIT)
    shards = yield from shards_of(script_runner, wanted)
    if wanted.ids is not None:
        return (yield from read_by_ids(shards, wanted))
    scan = Scan(shards, wanted, after)
    tasks: list[Located] = []
    while not scan.is_over and scan.looked_at < looks and len(tasks) <= limit:
        tasks += yield from scan.step(limit - len(tasks))
    if len(tasks) <= limit:
        of_about = None if scan.is_over else (yield from scan.extent())
        return FilteredPage([one.view for one in tasks], scan.cursor, scan.looked_at, of_about)
    end = limit
    while end < len(tasks) and tasks[end].place == tasks[end - 1].place:
        end += 1
    return FilteredPage([one.view for one in tasks[:end]], str(tasks[end - 1].place), scan.looked_at)


def shards_of(script_runner: ScriptRunner, wanted: Filter) -> Operation[list[ShardInspector]]:
    """The shards of the queues in which tasks can match."""
    names = yield from queues(script_runner)
    shards: list[ShardInspector] = []
    for name in names:
        if wanted.takes_queue(name):
            shards += yield from Inspector(script_runner, name).shards()
    return shards


def read_by_ids(shards: Sequence[ShardInspector], wanted: Filter) -> Operation[FilteredPage]:
    """The tasks that a filter names by their ids, which are few."""
    ids = sorted(wanted.ids or ())
    found: list[TaskView] = []
    for shard in shards:
        for first in range(0, len(ids), _IDS):
            views = yield from shard.tasks(ids[first : first + _IDS])
            found += (view for view in views if view.state in wanted.states and wanted.matches(view))
    return FilteredPage(found, None, len(found))
