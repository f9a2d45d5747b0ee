"""Runs the tasks of a dump, as the workers do that are deployed after it was taken."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from redisched.chaos import Recorder, check_history, record_final_places
from redisched.chaos.history.record import End, Ending, Enqueue, EnqueueStep, Start
from redisched.client.scheduler import Scheduler
from redisched.context import current_task
from redisched.model import ENDED, DeathReason, TaskState
from redisched.store.adding_shards import stores_of
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import ForgetLimits, ReapRequest, Status
from tests.dumps.dump import Dump, DumpTime
from tests.dumps.lost_worker import CRASH_LIMIT, LEASE_MS, expect, failure
from tests.dumps.seen import Facts, Seen, arguments_text, look_through
from tests.dumps.special import STARTED_ONCE
from tests.dumps.stages import DAY_MS, FAR_AWAY_MS
from tests.engine.running import work_off

Task: TypeAlias = tuple[str, str]
"""Queue and id."""
_BATCH = 500
_HOLD_MS = 12_600


def tasks_of(seen: Mapping[str, Seen]) -> dict[Task, Facts]:
    """The tasks of all queues."""
    return {(queue, task_id): facts for queue, of_one in seen.items() for task_id, facts in of_one.items()}


def is_over(facts: Facts, now_ms: float) -> bool:
    """Whether an ended task may be forgotten."""
    return bool(0 < facts.get("forgotten_ms", 0) <= now_ms)


def end_of(task_id: str, facts: Facts, now_ms: float) -> str:
    """The state of a task after all due tasks have run at the time `now_ms`."""
    if facts.get("cancel_requested"):
        return TaskState.CANCELLED
    if task_id.startswith(STARTED_ONCE):
        return TaskState.LOST
    if facts.get("started_ms") and facts.get("crashes", 0) + 1 >= CRASH_LIMIT and facts["state"] == TaskState.RUNNING:
        return TaskState.DEAD
    if facts["state"] in ENDED or facts.get("run_at_ms") == FAR_AWAY_MS:
        return str(facts["state"])
    if facts.get("expires_ms", now_ms + 1) <= now_ms:
        return TaskState.EXPIRED
    if facts.get("attempts") and facts.get("deadline_ms", now_ms + 1) <= now_ms:
        return TaskState.DEAD
    return TaskState.SUCCEEDED


class Fleet:
    """Has a handler for every task name in a dump; records the arguments of all calls and the history of all tasks."""

    def __init__(self, dump: Dump, broker: Broker, folder: Path, time: DumpTime) -> None:
        self.dump = dump
        self.broker = broker
        self.ran: Counter[Task] = Counter()
        self.called: dict[Task, str] = {}
        self.resumed: dict[Task, Any] = {}
        """What each task was given that an earlier attempt had saved."""
        self._folder = folder
        self._recorder = Recorder(folder, time.now_ms)
        self.app = Scheduler(broker=broker)
        tasks = tasks_of(dump.seen)
        for name in sorted({facts["name"] for facts in tasks.values() if "name" in facts}):
            self.app.task(name=name, queue=min(dump.seen))(self._handle)
        for task, facts in tasks.items():
            if not is_over(facts, time.now_ms()):
                self._note_past(*task, facts)

    def work(self) -> None:
        """Run all due tasks."""
        work_off(self.app, queues=tuple(self.dump.seen))

    def reap(self) -> dict[Task, Status]:
        """Take back every task whose lease has expired, and forget old ended tasks."""
        request = ReapRequest(
            worker="worker-2.example:4712:0",
            hold_ms=_HOLD_MS,
            grace_ms=0,
            limit=_BATCH,
            crash_limit=CRASH_LIMIT,
            failure=failure("", "worker processes died under it", reason=DeathReason.QUARANTINED),
            lease_ms=LEASE_MS,
        )
        taken_back: dict[Task, Status] = {}
        for store in self._stores():
            while tasks := run(store.reap(request), self.broker.client()).tasks:
                taken_back |= {(store.queue, task_id): status for task_id, status in tasks}
            run(store.forget(ForgetLimits(limit=_BATCH, dead_retention_ms=30 * DAY_MS)), self.broker.client())
        return taken_back

    def revive(self) -> None:
        """Revive every dead task."""
        dead: dict[tuple[str, int], list[str]] = defaultdict(list)
        for (queue, task_id), facts in self.look().items():
            if facts["state"] == TaskState.DEAD:
                dead[queue, facts.get("shard", 0)].append(task_id)
        for (queue, shard), ids in dead.items():
            store = Store(self.broker.script_runner, queue, shard)
            expect(Status.REVIVED, run(store.revive(ids), self.broker.client()))

    def look(self) -> dict[Task, Facts]:
        """The facts of every task now."""
        return tasks_of({queue: look_through(self.broker, queue) for queue in self.dump.seen})

    def violations(self) -> list[str]:
        """Record the final places of every queue, and return the violations of the history."""
        for queue in self.dump.seen:
            record_final_places(self.broker, queue, self._recorder)
        return [str(violation) for violation in check_history(self._folder)]

    def _stores(self) -> list[Store]:
        client, script_runner = self.broker.client(), self.broker.script_runner
        return [store for queue in self.dump.seen for store in run(stores_of(script_runner, queue), client)]

    async def _handle(self, *args: Any, **kwargs: Any) -> str:
        with self._recorder.execution():
            context = current_task()
            task = (context.queue, context.id)
            self.ran[task] += 1
            self.called[task] = arguments_text(args, kwargs)
            if context.state is not None:
                self.resumed[task] = context.state
        return "done"

    def _note_past(self, queue: str, task_id: str, facts: Facts) -> None:
        """Record what happened before the dump was taken. The token is 0, which no lease of that time has."""
        at_ms = float(self.dump.taken_ms)
        run_at_ms = facts.get("run_at_ms", 0)
        ok = Enqueue(at_ms=at_ms, queue=queue, task=task_id, step=EnqueueStep.OK, not_before_ms=run_at_ms)
        self._recorder.write(ok)
        if facts["state"] == TaskState.SUCCEEDED:
            start = Start(
                at_ms=at_ms,
                queue=queue,
                task=task_id,
                attempt=facts.get("attempts", 1),
                fence=0,
                priority=0,
                run_at_ms=0,
                worker=facts.get("worker", ""),
            )
            end = End(at_ms=at_ms, queue=queue, task=task_id, fence=0, ending=Ending.RETURNED)
            self._recorder.write(start, end)
