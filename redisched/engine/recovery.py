"""Takes back what a dead worker process held, as soon as its supervisor knows."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from redisched.clock import Clock, SystemClock
from redisched.engine.child_spec import Ready
from redisched.engine.logs import log
from redisched.engine.reaper import log_taken_back, quarantine_failure
from redisched.engine.started import StartedTask
from redisched.errors import BrokerError
from redisched.keys import PREFIX
from redisched.store.broker import connect
from redisched.store.growth import stores_of
from redisched.store.operation import Operation, ScriptRunner, run
from redisched.store.orphans import held_by
from redisched.store.store import Store
from redisched.store.values import Orphan, Status

SECOND_LOOK_S = 1.0
"""A claim the process sent in its last moment may arrive after its death was noticed."""
RETRY_S = 0.5
PATIENCE_S = 5.0
"""Of a server that answers nobody, no more shards are waited for after this time."""
TRY_S = 2.0
"""A single call to Redis may take so long."""
BATCH = 200


@dataclass(frozen=True, slots=True)
class _Loss:
    due_s: float
    worker: str
    started: frozenset[StartedTask]


class Recovery:
    """The dead whose tasks are not yet all taken back."""

    def __init__(self, script_runner: ScriptRunner, queues: Sequence[str], crash_limit: int, clock: Clock) -> None:
        self._crash_limit = crash_limit
        self._script_runner = script_runner
        self._queues = queues
        self._clock = clock
        self._losses: list[_Loss] = []
        self._stores: dict[str, list[Store]] = {}
        self._has_begun = False
        self.recovered = 0

    @property
    def is_over(self) -> bool:
        """Whether there is nobody left whose tasks have to be taken back."""
        return not self._losses

    def died(self, worker: str, started: Set[StartedTask]) -> None:
        """Have the tasks of a worker taken back that is dead; `started` are those whose handlers ran."""
        now_s = self._clock.monotonic()
        self._losses.append(_Loss(now_s, worker, frozenset(started)))
        self._losses.append(_Loss(now_s + SECOND_LOOK_S, worker, frozenset(started)))

    def step(self) -> Operation[None]:
        """Do what is due. What Redis does not answer is tried again."""
        if not self._has_begun:
            self._has_begun = True
            for queue in self._queues:
                yield from self._find_stores(queue)
        now_s = self._clock.monotonic()
        due = [loss for loss in self._losses if loss.due_s <= now_s]
        for loss in due:
            self._losses.remove(loss)
            try:
                yield from self._take_back(loss)
            except BrokerError as error:
                log.warning("the tasks of %s cannot be taken back yet: %s", loss.worker, error)
                self._losses.append(_Loss(now_s + RETRY_S, loss.worker, loss.started))

    def finish(self) -> Operation[None]:
        """Look once more for everybody, now; leases end what is left."""
        self._losses = [_Loss(0.0, loss.worker, loss.started) for loss in self._losses]
        yield from self.step()

    def _take_back(self, loss: _Loss) -> Operation[None]:
        """Take back from every shard; raises the error of one only when the others, on other nodes, have been asked."""
        unanswered = None
        until_s = self._clock.monotonic() + PATIENCE_S
        for queue in self._queues:
            unanswered = (yield from self._find_stores(queue)) or unanswered
            for store in self._stores.get(queue, ()):
                try:
                    yield from self._take_back_from(store, loss)
                except BrokerError as error:
                    unanswered = error
                    if self._clock.monotonic() >= until_s:
                        raise
        if unanswered is not None:
            raise unanswered

    def _find_stores(self, queue: str) -> Operation[BrokerError | None]:
        """Find the shards of a queue; answers why they could not be. Those that were found last are still known then:
        the first one, which tells of all, may be on the only node that is away.
        """
        try:
            self._stores[queue] = yield from stores_of(self._script_runner, queue)
        except BrokerError as error:
            return error
        return None

    def _take_back_from(self, store: Store, loss: _Loss) -> Operation[None]:
        held = yield from held_by(store, loss.worker)
        orphans = [
            Orphan(task_id, token, int(StartedTask(store.queue, task_id, token) in loss.started))
            for task_id, token in held
        ]
        for first in range(0, max(1, len(orphans)), BATCH):
            batch = orphans[first : first + BATCH]
            failure = quarantine_failure(self._crash_limit)
            statuses = yield from store.recover(loss.worker, self._crash_limit, failure, batch)
            for orphan, status in zip(batch, statuses, strict=True):
                self.recovered += status is not Status.LOST
                log_taken_back(store.queue, orphan.id, status)


class BlockingRecovery:
    """A recovery with a connection of its own, for the supervisor's thread."""

    def __init__(self, ready: Ready, crash_limit: int) -> None:
        broker = connect(ready.settings.url or "", TRY_S, ready.settings.prefix or PREFIX)
        self._client = broker.client()
        self._recovery = Recovery(broker.script_runner, ready.queues, crash_limit, SystemClock())

    def died(self, worker: str, started: Set[StartedTask]) -> None:
        """Have the tasks of a dead worker taken back by the steps that follow."""
        self._recovery.died(worker, started)

    def step(self) -> int:
        """Do what is due; answers how many tasks have been taken back in all."""
        run(self._recovery.step(), self._client)
        return self._recovery.recovered

    def finish(self) -> int:
        """Look once more for everybody; answers how many tasks have been taken back in all."""
        run(self._recovery.finish(), self._client)
        self._client.close()
        return self._recovery.recovered
