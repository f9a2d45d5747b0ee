"""Says why the ready tasks of many queues do not run, with how many tasks each reason holds back.

What lies in a queue or its workers holds for all ready tasks of a shard, so these are counted exactly after one look.
Otherwise the first ones are looked at, and the others are counted with those that wait in line.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from redisched.explain.cause import Cause
from redisched.explain.obstacles import OBSTACLES
from redisched.explain.reason import Reason
from redisched.explain.reasons import explain
from redisched.explain.task_facts import TaskFacts
from redisched.explain.wording import busy_slots, capitalized, free_slots, more_workers
from redisched.model import TaskState
from redisched.store.circumstances import Circumstances, read_circumstances
from redisched.store.inspect import Inspector
from redisched.store.inspect_shard import ShardInspector
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.page import Section
from redisched.store.roster import LiveDeployments
from redisched.store.slot_use import SlotUse
from redisched.store.view import TaskView

LOOKS = 50
"""So many ready tasks of a shard are looked at, and so many that wait for their time."""
MOST_LOOKS = 200
"""So many tasks of all queues are looked at; of each shard one at least."""
OF_QUEUE = frozenset({Reason.PAUSED, Reason.NO_WORKER, Reason.QUIET})
"""What holds one ready task of a shard back for one of these reasons holds all of them back."""
_CAUSES: Mapping[Reason, Cause] = {cause.reason: cause for cause in OBSTACLES}
_SENTENCES = {
    Reason.EXPIRING: "no worker started them before they expired: the next look of a worker ends them",
    Reason.DEADLINE: "their deadline is over, so they get no other attempt: the next look of a worker ends them",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyReason:
    """A reason why ready tasks of a queue do not run, and how many tasks it is the reason of.

    A count that is not exact is of those that were looked at. `what` is the handler that nobody knows, or the codec
    that nobody has; "" for other reasons. `id` is the first of the tasks. `sentence` says it for people, and `advice`
    what to do, "" if nothing has to be done.
    """

    queue: str
    reason: Reason
    what: str
    count: int
    is_exact: bool
    id: str
    sentence: str
    advice: str


@dataclass(frozen=True, slots=True)
class ReadyReasons:
    """The reasons, those that want a hand first. `ready` is how many tasks are due, of which some were looked at.

    Tasks that no worker understands are given back, and are due again a little later; they are among the tasks of their
    reason, and not among the ready ones.
    """

    now_ms: int
    ready: int
    looked_at: int
    reasons: Sequence[ReadyReason]


@dataclass(frozen=True, slots=True)
class _Fleet:
    """What live workers serve, and how busy they are."""

    live: LiveDeployments
    slots: SlotUse


class _Tally:
    """The reasons of one queue: how many tasks have each, and what is known of the first of them."""

    def __init__(self) -> None:
        self.ready = 0
        self.counts: Counter[tuple[Reason, str]] = Counter()
        self.firsts: dict[tuple[Reason, str], TaskFacts] = {}
        self.partial: set[tuple[Reason, str]] = set()

    def add(self, facts: TaskFacts, reason: Reason, count: int = 1) -> tuple[Reason, str]:
        """Note that so many tasks have the reason that this one has."""
        # All in line are one group: the first of them is next, the others are behind it.
        key = (Reason.BEHIND if reason is Reason.NEXT else reason, _what(facts, reason))
        self.counts[key] += count
        self.firsts.setdefault(key, facts)
        return key

    def reasons(self) -> Iterable[ReadyReason]:
        for (reason, what), count in self.counts.items():
            facts = self.firsts[reason, what]
            said = Reason.NEXT if reason is Reason.BEHIND and count == 1 else reason
            yield ReadyReason(
                queue=facts.view.queue,
                reason=said,
                what=what,
                count=count,
                is_exact=(reason, what) not in self.partial,
                id=facts.view.id,
                sentence=f"{capitalized(_sentence(said, facts))}.",
                advice=_advice(said, facts),
            )


def ready_reasons(
    script_runner: ScriptRunner, names: Sequence[str], now_ms: int, live: LiveDeployments, slots: SlotUse
) -> Operation[ReadyReasons]:
    """Why the ready tasks of these queues do not run, given the server's time, what live workers serve and how busy
    they are. Reads a bounded number of tasks, however many wait.
    """
    fleet = _Fleet(live, slots)
    found: list[ReadyReason] = []
    ready = looked_at = 0
    for name in names:
        tally = _Tally()
        for shard in (yield from Inspector(script_runner, name).shards()):
            counts = yield from shard.counts()
            now_ms, ready = max(now_ms, counts.now_ms), ready + counts.ready
            looks = min(LOOKS, max(1, MOST_LOOKS - looked_at))
            if counts.ready:
                looked_at += yield from _look(script_runner, shard, counts.ready, fleet, tally, looks)
            if counts.scheduled:
                yield from _look_for_put_off(shard, fleet, tally, looks)
        found += tally.reasons()
    found.sort(key=lambda one: (not one.advice, -one.count, one.queue, one.reason))
    return ReadyReasons(now_ms, ready, looked_at, found)


def _look(
    script_runner: ScriptRunner, shard: ShardInspector, ready: int, fleet: _Fleet, tally: _Tally, looks: int
) -> Operation[int]:
    """Count the ready tasks of a shard by their reasons; answers how many were looked at."""
    places = yield from shard.places(Section.DUE, None, looks)
    if not places:
        return 0
    around = yield from read_circumstances(script_runner, shard.queue, shard.shard, places[0].id)
    # It may have been claimed just now; the others are held back all the same.
    first = _facts(around, replace(around.view, state=TaskState.READY), fleet)
    explained = explain(first)
    for reason in (explained.reason, *explained.further):
        if reason in OF_QUEUE:
            tally.add(first, reason, ready)
            return 1
    for view in (yield from shard.tasks([place.id for place in places])):
        if view.state is TaskState.READY:
            facts = _facts(around, view, fleet)
            tally.add(facts, explain(facts).reason)
    if ready > len(places):
        _add_rest(tally, first, ready - len(places))
    return len(places)


def _add_rest(tally: _Tally, facts: TaskFacts, rest: int) -> None:
    """Count those that were not looked at with those in line. Nothing that was counted is exact then."""
    tally.add(facts, Reason.BUSY if facts.are_slots_busy else Reason.BEHIND, rest)
    tally.partial |= tally.counts.keys()


def _look_for_put_off(shard: ShardInspector, fleet: _Fleet, tally: _Tally, looks: int) -> Operation[None]:
    """Count tasks that were given back because nobody understands them: they are due again after a while."""
    places = yield from shard.places(Section.LATER, None, looks)
    given_back = [view.id for view in (yield from shard.states([place.id for place in places])) if view.redeliveries]
    for view in (yield from shard.tasks(given_back)):
        facts = TaskFacts(Circumstances(view=view, is_served=True), fleet.live)
        if facts.is_put_off:
            key = tally.add(facts, explain(facts).reason)
            if len(places) == looks:
                tally.partial.add(key)


def _facts(around: Circumstances, view: TaskView, fleet: _Fleet) -> TaskFacts:
    """What is known of a task of a shard, given what is known of the first one."""
    return TaskFacts(replace(around, view=view, does_deadline_count=False), fleet.live, fleet.slots.of(view.queue))


def _what(facts: TaskFacts, reason: Reason) -> str:
    if reason is Reason.NO_HANDLER:
        return facts.view.name
    return (facts.view.body and facts.view.body.codec) or "" if reason is Reason.NO_CODEC else ""


def _sentence(reason: Reason, facts: TaskFacts) -> str:
    if reason in _CAUSES:
        return _CAUSES[reason].sentence(facts)
    if reason is Reason.BUSY:
        return busy_slots(facts)
    return _SENTENCES.get(reason, free_slots(facts))


def _advice(reason: Reason, facts: TaskFacts) -> str:
    if reason is Reason.BUSY:
        return more_workers(facts)
    return _CAUSES[reason].advice(facts) if reason in _CAUSES else ""
