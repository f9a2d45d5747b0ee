"""A process that pauses and resumes the queue and deletes tasks, and the checks of what it does."""

from collections.abc import Callable
from contextlib import suppress

from redisched.errors import BrokerUnavailable, Undecodable, UnknownTask
from redisched.store.pausing import QueuePause
from tests.simulation.calls import Tasks, check, now_ms_of, rows_of
from tests.simulation.history import History
from tests.simulation.lane import MachineClock
from tests.simulation.network import LATEST_US, Network
from tests.simulation.plan import QUEUE, Plan
from tests.simulation.process import Process
from tests.simulation.schedule_life import ScheduleLife
from tests.simulation.server import Call
from tests.simulation.shadow import Place

BETWEEN_PAUSES_S = 2.0
LONGEST_S = 3.0
LATEST = 10
"""So many of the latest tasks are candidates for being deleted."""


class QueueLife:
    """The referee's part for pauses, deleted tasks and schedules, by the answers of the server."""

    def __init__(self, tasks: Callable[[], Tasks]) -> None:
        self._tasks = tasks
        self.pause: QueuePause | None = None
        self.schedules = ScheduleLife(tasks)
        self.checks: dict[str, Callable[[Call], None]] = {
            "pause": self._pause,
            "resume": self._resume,
            "delete": self._delete,
            **self.schedules.checks,
        }

    def check_claim(self, call: Call) -> bool:
        """Check a claim that is neither astray nor repeated. Answers whether it was refused."""
        is_paused = self.pause is not None and not self.pause.is_over(now_ms_of(call))
        check((call.reply[0] == b"PAUSED") is is_paused, "G30: a paused queue gives nothing", call, self.pause)
        return is_paused

    def _pause(self, call: Call) -> None:
        self.pause = QueuePause.read(call.arguments[0])
        check(call.reply == [b"PAUSED"], "G30: a queue can always be paused", call)

    def _resume(self, call: Call) -> None:
        expected = b"ALREADY" if self.pause is None else b"RESUMED"
        self.pause = None
        check(call.reply == [expected], "G30: only what is paused is resumed", call, expected)

    def _delete(self, call: Call) -> None:
        retention_ms, *rows = call.arguments
        until_ms = now_ms_of(call) + int(retention_ms)
        for (id, _), status in rows_of(rows, 2, call.reply):
            task = self._tasks().get(id)
            expected = b"DELETED"
            if task is not None and task.has_ended_unseen:
                # Whether it waits, has ended or is forgotten, only the server knows.
                continue
            if task is None or task.place is Place.FORGOTTEN:
                expected = b"UNKNOWN"
            elif task.place is Place.LEASED:
                expected = b"LEASED"
            elif task.is_waiting or task.place is Place.DEAD:
                task.cancelled_for_ms = int(retention_ms)
                task.end_as_asked(now_ms_of(call))
            elif task.until_ms > until_ms:
                task.until_ms, task.is_spare = until_ms, False
            check(status == expected, "G35: no worker loses a task that is deleted", call, id, expected)


class QueueOperator(Process):
    """Pauses and resumes the queue and deletes tasks while a world has faults. In the end the queue is not paused.
    `find_saved` answers the ids of tasks with checkpoints that nobody runs, which are few.
    """

    def __init__(
        self,
        name: str,
        network: Network,
        clock: MachineClock,
        plan: Plan,
        history: History,
        find_saved: Callable[[], list[str]],
    ) -> None:
        super().__init__(name, network, clock, plan)
        self._plan = plan
        self._history = history
        self._find_saved = find_saved
        self.start(self._operate())

    async def _operate(self) -> None:
        random, queue = self.kernel.random, self.app.queue(QUEUE)
        while self.kernel.steps < self._plan.steps:
            await self.loop.rest(random.expovariate(1 / BETWEEN_PAUSES_S))
            await self._delete()
            with suppress(BrokerUnavailable):
                pause = await queue.pause_async(random.choice((None, None, 0.05, 1.0)))
                self._history.note(self.name, "pauses", pause.until_ms)
            await self.loop.rest(LONGEST_S * random.random())
            await self._delete()
            with suppress(BrokerUnavailable):
                await queue.resume_async()
                self._history.note(self.name, "resumes")
        await self._resume_at_last()

    async def _delete(self) -> None:
        random = self.kernel.random
        latest, saved = list(self._history.enqueued)[-LATEST:], self._find_saved()
        if latest:
            ref = self.app.ref(random.choice(saved if saved and random.random() < 0.5 else latest), QUEUE)
            with suppress(BrokerUnavailable, Undecodable, UnknownTask):
                self._history.note(self.name, "deletes", ref.id, await ref.delete_async())

    async def _resume_at_last(self) -> None:
        # A pause that strays may come after the call that ended it.
        await self.loop.rest(1.1 * LATEST_US / 1e6)
        while True:
            with suppress(BrokerUnavailable):
                await self.app.queue(QUEUE).resume_async()
                return
