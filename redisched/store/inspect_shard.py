"""Reading one shard of a queue and its tasks, for observers."""

from collections.abc import Sequence

from redisched.model import TaskState
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.page import LOOK_LIMIT, Page, Place, Query, Section
from redisched.store.pausing import QueuePause, stored_pause
from redisched.store.repair import Repair
from redisched.store.shard import ShardScripts, id_bytes, id_text
from redisched.store.stages import QueueStages
from redisched.store.view import PriorityCounts, QueueCounts, TaskView, count_of_facts, views_of, with_body

_PAGE = 100
_RECORDS = 20
"""So many records are read at once. Each may have a quarter of a megabyte."""
STAGE_LOOKS = 1_000
"""So many leased and so many waiting tasks of a shard are looked at to count those that run, and those that retry."""
_ORDERS = {
    Section.DUE: "due",
    Section.LATER: "later",
    Section.LEASED: "rising",
    Section.DEAD: "falling",
    Section.ENDED: "falling",
}
_SETS = {Section.LEASED: "leases", Section.DEAD: "dead", Section.ENDED: "finished"}


class ShardInspector:
    """Reads one shard of a queue. Every method returns an operation."""

    def __init__(self, script_runner: ScriptRunner, queue: str, shard: int) -> None:
        self.queue = queue
        self.shard = shard
        self._script_runner = script_runner
        self._scripts = ShardScripts(script_runner, queue, shard)
        self._keys = self._scripts.keys

    def state(self, task_id: str) -> Operation[TaskView]:
        """A task without its body, which may be large. Its state is UNKNOWN if the shard does not have it."""
        return (yield from self.states([task_id]))[0]

    def whole(self, view: TaskView) -> Operation[TaskView]:
        """The same task with its body."""
        return (yield from self.with_bodies([view]))[0]

    def tasks(self, ids: Sequence[str]) -> Operation[list[TaskView]]:
        """Those of the tasks that the shard has, each with its body."""
        views = [view for view in (yield from self.states(ids)) if view.state is not TaskState.UNKNOWN]
        return (yield from self.with_bodies(views))

    def counts(self) -> Operation[QueueCounts]:
        """How many tasks of the shard are in each state."""
        reply = yield from self._scripts.call("read/queue")
        now_ms, leased, dead, finished, *rest = (int(value) for value in reply)
        bands = [rest[at : at + 4] for at in range(0, len(rest), 4)]
        oldest_ms = min((oldest for _, ready, _, oldest in bands if ready), default=None)
        return QueueCounts(
            queue=self.queue,
            now_ms=now_ms,
            ready=sum(ready for _, ready, _, _ in bands),
            scheduled=sum(later for _, _, later, _ in bands),
            leased=leased,
            dead=dead,
            finished=finished,
            oldest_ready_ms=None if oldest_ms is None else now_ms - oldest_ms,
            priorities=tuple(
                PriorityCounts(priority=priority, ready=ready, scheduled=later) for priority, ready, later, _ in bands
            ),
        )

    def stages(self) -> Operation[QueueStages]:
        """How many tasks of the shard run, and how many wait for another attempt, after STAGE_LOOKS looks for each."""
        counted = yield from self._scripts.call("read/stages", {"looks": STAGE_LOOKS})
        running, is_all_leased, retrying, is_all_waiting = (int(value) for value in counted)
        return QueueStages(
            running=running,
            running_is_exact=bool(is_all_leased),
            retrying=retrying,
            retrying_is_exact=bool(is_all_waiting),
        )

    def pause(self) -> Operation[QueuePause | None]:
        """The pause of the shard; None if it is not paused."""
        pause = yield from stored_pause(self._script_runner, self.queue, self.shard)
        if pause is None or pause.until_ms is None:
            return pause
        return None if pause.is_over((yield from self.counts()).now_ms) else pause

    def page(self, query: Query, after: Place | None = None) -> Operation[Page]:
        """The next page of a listing. A listing with a filter reads at most LOOK_LIMIT tasks for a page."""
        found: list[tuple[Place, TaskView]] = []
        looked = 0
        for section in query.sections(after):
            place = after if after is not None and after.section is section else None
            while True:
                places = yield from self.places(section, place, _PAGE)
                found += yield from self._filtered(query, places)
                if len(found) > query.limit:
                    return Page(found[: query.limit], found[query.limit - 1][0])
                looked += len(places)
                if len(places) < _PAGE:
                    break
                place = places[-1]
                if looked >= LOOK_LIMIT:
                    return Page(found, place)
        return Page(found)

    def repairs(self) -> Operation[dict[Repair, int]]:
        """How many tasks the scrubber has repaired, by what was wrong. Empty if the shard was never damaged."""
        kinds = tuple(Repair)
        counted = yield ("HMGET", self._keys.repairs, *(kind.value for kind in kinds))
        return {kind: int(count) for kind, count in zip(kinds, counted, strict=True) if count and count.isdigit()}

    def places(self, section: Section, after: Place | None, limit: int) -> Operation[list[Place]]:
        """The places of tasks in one section, in order."""
        arguments = {
            "section": _SETS.get(section, "waiting"),
            "order": _ORDERS[section],
            "after": "" if after is None else after.score,
            "after_id": id_bytes("" if after is None else after.id),
            "limit": limit,
        }
        reply = yield from self._scripts.call("read/page", arguments)
        return [Place(section, int(reply[at + 1]), id_text(reply[at])) for at in range(0, len(reply), 2)]

    def _filtered(self, query: Query, places: Sequence[Place]) -> Operation[list[tuple[Place, TaskView]]]:
        """The tasks that match the query. The records of tasks that do not match are read only if the query names a
        handler, because only the record tells it.
        """
        views = yield from self.states([place.id for place in places])
        near = [(place, view) for place, view in zip(places, views, strict=True) if query.may_take(view)]
        if not query.is_filtered:
            near = near[: query.limit + 1]
        whole = yield from self.with_bodies([view for _, view in near])
        return [(place, view) for (place, _), view in zip(near, whole, strict=True) if query.takes(view)]

    def states(self, ids: Sequence[str]) -> Operation[list[TaskView]]:
        """Tasks without their bodies, as `state`. Large results and failures come in several replies."""
        views: list[TaskView] = []
        while len(views) < len(ids):
            rest = ids[len(views) :]
            reply = yield from self._scripts.call("read/task", rows=[(id,) for id in rest])
            views += views_of(rest[: count_of_facts(reply)], self.queue, self.shard, reply)
        return views

    def with_bodies(self, views: Sequence[TaskView]) -> Operation[list[TaskView]]:
        """The same tasks with their bodies."""
        whole: list[TaskView] = []
        for first in range(0, len(views), _RECORDS):
            part = views[first : first + _RECORDS]
            records = yield ("HMGET", self._keys.tasks, *(id_bytes(view.id) for view in part))
            whole += (with_body(view, record) for view, record in zip(part, records, strict=True))
        return whole
