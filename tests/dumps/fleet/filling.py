"""Leaves in Redis what programs and workers leave beside tasks: schedules of every kind with tasks ahead, a paused
queue, workers, an order, and counts.
"""

from datetime import UTC, datetime
from typing import Any

from redisched.activity import Activity
from redisched.client.scheduler import Scheduler
from redisched.orders import WorkerOrder
from redisched.schedules.declaration import digest_of
from redisched.schedules.declaring import declare
from redisched.schedules.definition import Definition
from redisched.schedules.firing import slots_to_fire
from redisched.store.adding_shards import stores_of
from redisched.store.operation import Operation, T, run
from redisched.store.pausing import QueuePause, pause
from redisched.store.presence import Deployment, Presence, ToldTask
from redisched.store.presence import digest_of as digest_of_deployment
from redisched.store.roster import Roster
from redisched.store.schedule_store import ScheduleStore, note_declaring
from redisched.store.schedule_values import ALIVE_MS, Declarer
from redisched.store.store import register
from redisched.store.tallies import ActivityKey, Batch, Tallies

SINGLE, SPREAD, HALTED = "single", "spread", "halted"
OF_SCHEDULES = (SINGLE, SPREAD)
"""The queues that have schedules: the first has one shard, the second has three."""
QUEUES = (SINGLE, SPREAD, HALTED)
SHARDS = 3
APPLICATION = "shop"
HANDLER = "note"
WAITING = tuple(f"waits:{number}" for number in range(5))
"""The tasks of the queue that is paused."""
TOLD, OTHER = "worker-1.example:4711:0", "worker-2.example:4711:0"
ORDER_ID = "order-1"
LIVE_MS = 15_000
_AHEAD_MS = 15_000
_FAR = datetime(2100, 1, 1, tzinfo=UTC)
_PAST = datetime(2020, 1, 1, tzinfo=UTC)


def declare_in_code(app: Scheduler, handler: Any) -> None:
    """Declare schedules of every kind for both queues."""
    for queue in OF_SCHEDULES:
        app.every("1s", name=f"{queue}-declared", queue=queue, misfire="all")(handler)
        app.every("2s", name=f"{queue}-skip", queue=queue, overlap="skip", misfire="skip")(handler)
        app.cron("0 3 * * *", tz="Europe/Berlin", name=f"{queue}-cron", queue=queue)(handler)
        app.at(_FAR, name=f"{queue}-at", queue=queue, priority=1)(handler)


def fill(app: Scheduler) -> None:
    """Fill an empty server. The application has its handler and its declarations."""
    Filling(app).fill()


class Filling:
    """Fills the server of one application."""

    def __init__(self, app: Scheduler) -> None:
        self._app = app
        self._runner = app.broker.script_runner
        self._now_ms = self._run(ScheduleStore(self._runner, SINGLE).now_ms())

    def fill(self) -> None:
        """Leave one thing after the other."""
        self._run(register(self._runner, QUEUES))
        self._app.grow(SPREAD, SHARDS)
        for queue in OF_SCHEDULES:
            self._declare(queue)
            self._add(queue)
        self._app.enqueue_many([self._app.request(HANDLER, queue=HALTED, id=id) for id in WAITING])
        self._run(pause(self._runner, HALTED, QueuePause(since_ms=self._now_ms, until_ms=None, by="someone@example")))
        self._tell_of_workers()
        self._count()

    def _declare(self, queue: str) -> None:
        """Do what a worker does whose code declares the schedules, and fire what comes soon."""
        wanted = self._app.registry.schedules.of_queue(queue)
        self._run(note_declaring(self._runner, APPLICATION, [queue]))
        announce = ScheduleStore(self._runner, queue).announce(APPLICATION, digest_of(wanted.values()), ALIVE_MS)
        declarer = Declarer(APPLICATION, self._run(announce).epoch)
        assert self._run(declare(self._runner, queue, wanted, declarer)).is_complete
        for store in self._run(stores_of(self._runner, queue)):
            schedules = ScheduleStore(self._runner, queue, store.shard)
            for one in self._run(schedules.all()):
                firings = slots_to_fire(one, Definition.decode(one.definition), self._now_ms, _AHEAD_MS)
                if firings:
                    self._run(schedules.fire(firings))

    def _add(self, queue: str) -> None:
        add = self._app.schedules.add
        add(f"{queue}-added", HANDLER, args=["added"], every="1s", jitter="0.2s", misfire="all", queue=queue)
        add(f"{queue}-paused", HANDLER, every="1s", queue=queue)
        self._app.schedules.pause(f"{queue}-paused", queue=queue)
        add(f"{queue}-over", HANDLER, at=_PAST, queue=queue)

    def _tell_of_workers(self) -> None:
        roster = Roster(self._runner)
        serves = Deployment(
            version="1", application=APPLICATION, app_version="7f3c", queues=QUEUES, handlers=(HANDLER,)
        )
        digest = digest_of_deployment(serves.encode())
        running = (ToldTask("a", HANDLER, SINGLE, self._now_ms - 70),)
        for worker in (TOLD, OTHER):
            presence = Presence(
                host="host.example", pid=4711, up_ms=9_000, slots=16, deployment=digest, live_ms=LIVE_MS, busy=1,
                running=running,
            )  # fmt: skip
            said = roster.introduce(worker, presence.encode(), digest, serves.encode(), LIVE_MS)
            assert self._run(said).is_known
        assert self._run(roster.order(TOLD, WorkerOrder.QUIET, ORDER_ID))

    def _count(self) -> None:
        sent = Activity.decode(b"0=90 1=10 2=5 16=100 17=300 40=5 78=5")
        rows = {ActivityKey(SINGLE, HANDLER): sent, ActivityKey(SPREAD, ""): Activity.decode(b"9=2")}
        for worker in (TOLD, OTHER):
            assert self._run(Tallies(self._runner).add(worker, Batch(1, self._now_ms, rows)))

    def _run(self, operation: Operation[T]) -> T:
        return run(operation, self._app.broker.client())
