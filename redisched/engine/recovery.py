"""Takes back the tasks of a dead worker process as soon as its supervisor knows of the death."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from redisched.clock import Clock, SystemClock
from redisched.engine.child_spec import Ready
from redisched.engine.logs import log
from redisched.engine.reaper import log_taken_back, quarantine_failure
from redisched.engine.started import StartedTask
from redisched.errors import BrokerError
from redisched.keys import PREFIX
from redisched.store.adding_shards import stores_of
from redisched.store.broker import connect
from redisched.store.operation import Operation, ScriptRunner, run
from redisched.store.orphans import held_by
from redisched.store.store import Store
from redisched.store.values import Orphan, Status

SECOND_LOOK_S = 1.0
"""So long after the death the tasks are looked for once more: Redis may execute the last claim of the process late."""
RETRY_S = 0.5
GIVE_UP_AFTER_S = 5.0
"""If shards do not answer, no more of them are asked after this time."""
TRY_S = 2.0
"""The longest time for a single call to Redis."""
BATCH = 200


@dataclass(frozen=True, slots=True)
class _Loss:
    due_s: float
    worker: str
    started: frozenset[StartedTask]


class Recovery:
    """Takes back the tasks of dead workers, and remembers those of which it has not got all tasks yet."""

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
        """Whether the tasks of all dead workers have been taken back."""
        return not self._losses

    def died(self, worker: str, started: Set[StartedTask]) -> None:
        """Take back the tasks of a dead worker in the next steps; `started` are those whose handlers ran."""
        now_s = self._clock.monotonic()
        self._losses.append(_Loss(now_s, worker, frozenset(started)))
        self._losses.append(_Loss(now_s + SECOND_LOOK_S, worker, frozenset(started)))

    def step(self) -> Operation[None]:
        """Take back what is due. If Redis does not answer, a later step tries again."""
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
        """Look once more for tasks of every dead worker. Reapers take back the rest when the leases end."""
        self._losses = [_Loss(0.0, loss.worker, loss.started) for loss in self._losses]
        yield from self.step()

    def _take_back(self, loss: _Loss) -> Operation[None]:
        """Take back from every shard. If one does not answer, its error is raised after the others have been asked:
        they may be on other nodes.
        """
        unanswered = None
        until_s = self._clock.monotonic() + GIVE_UP_AFTER_S
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
        """Find the shards of a queue; answers the error if that fails. Then the shards that were found last are used:
        the first shard, which knows the shard map, may be on the only node that does not answer.
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
        """Take back the tasks of a dead worker in the next steps."""
        self._recovery.died(worker, started)

    def step(self) -> int:
        """Take back what is due; answers how many tasks have been taken back in all."""
        run(self._recovery.step(), self._client)
        return self._recovery.recovered

    def finish(self) -> int:
        """Look once more for tasks of every dead worker; answers how many tasks have been taken back in all."""
        run(self._recovery.finish(), self._client)
        self._client.close()
        return self._recovery.recovered
