"""Runs the demo: enqueues its tasks, kills a worker process half-way, and waits until every task has ended."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from redisched.demo import summary
from redisched.demo.facts import Kind, now_ms
from redisched.demo.history import Enqueued, History
from redisched.demo.scheduler import QUEUES
from redisched.demo.stage import Stage
from redisched.demo.summary import Summary
from redisched.demo.workload import Job
from redisched.model import TaskState
from redisched.store.inspect import Inspector
from redisched.store.operation import run

TICK_S = 0.05
TIMEOUT_S = 20.0
"""Within this time after the last enqueue all tasks have ended, unless something is wrong."""
KILL_AFTER = 0.5
"""After this part of the stream, a worker process is killed as soon as one is executing a long task."""
LONG_MS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoProgress:
    """The state of a demo at one moment."""

    seconds: float
    enqueued: Mapping[Kind, int]
    succeeded: Mapping[Kind, int]
    running: Mapping[Kind, int]
    failed_attempts: Mapping[Kind, int]
    by_worker: Mapping[str, int]


@dataclass(slots=True)
class Performance:
    """One run of the demo. `say` is called with events as text, `show` with the progress."""

    stage: Stage
    jobs: list[Job]
    stream_s: float
    say: Callable[[str], None]
    show: Callable[[DemoProgress], None]
    began_s: float = field(default_factory=time.monotonic)
    sent_ms: dict[str, float] = field(default_factory=dict)
    known: dict[str, Enqueued] = field(default_factory=dict)
    killed: str = ""

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.began_s

    def play(self) -> Summary:
        """Run the demo until all tasks have ended or its time is over, and return the summary."""
        history = History(self.stage.folder)
        remaining = list(reversed(self.jobs))
        while remaining or not self._is_done():
            self.stage.heed_signals()
            self._enqueue_due(remaining)
            history.read()
            self._kill_half_way(history)
            self.show(self._progress(history))
            if self.elapsed_s > self.stream_s + TIMEOUT_S:
                self.say("The time is over; tasks that have not ended count as lost.")
                break
            time.sleep(TICK_S)
        history.read()
        return self._sum_up(history)

    def _enqueue_due(self, remaining: list[Job]) -> None:
        """Enqueue all jobs that are due now, and remove them from `remaining`, whose last entry is the next job."""
        moment = self.elapsed_s / self.stream_s
        due = []
        while remaining and remaining[-1].moment <= moment:
            due.append(remaining.pop())
        at_ms = now_ms()
        self.stage.app.enqueue_many(job.request for job in due)
        for job in due:
            self.known[job.request.id] = job.enqueued
            if not job.delayed:
                self.sent_ms[job.request.id] = at_ms

    def _kill_half_way(self, history: History) -> None:
        if self.killed or self.elapsed_s < KILL_AFTER * self.stream_s:
            return
        processes = dict(self.stage.supervisor.processes())
        in_midst = Counter(one.worker for one in history.running() if now_ms() - one.started_ms > LONG_MS)
        for worker, count in in_midst.most_common():
            if worker in processes:
                os.kill(processes[worker], signal.SIGKILL)
                self.killed = worker
                self.say(f"Killed worker process {processes[worker]} in the midst of {count} tasks.")
                return

    def _is_done(self) -> bool:
        return not any(self._unended(queue) for queue in QUEUES)

    def _unended(self, queue: str) -> int:
        """How many tasks of a queue have not ended."""
        counts = run(self._inspector(queue).counts(), self.stage.app.broker.client())
        return counts.ready + counts.scheduled + counts.leased

    def _progress(self, history: History) -> DemoProgress:
        executions = history.executions
        latest = {execution.task: execution for execution in executions}
        living = {worker for worker, _ in self.stage.supervisor.processes()}
        tasks = {**self.known, **history.followers}
        return DemoProgress(
            seconds=self.elapsed_s,
            enqueued=Counter(task.kind for task in tasks.values()),
            succeeded=Counter(execution.kind for execution in latest.values() if execution.succeeded),
            running=Counter(
                execution.kind
                for execution in latest.values()
                if execution.ended_ms is None and execution.worker in living
            ),
            failed_attempts=Counter(execution.kind for execution in executions if execution.failed),
            by_worker=Counter(execution.worker for execution in executions),
        )

    def _sum_up(self, history: History) -> Summary:
        tasks = {**self.known, **history.followers}
        executions = history.executions
        states = {task.id: self._state(task) for task in tasks.values()}
        succeeded, dead, lost = summary.count_ends(states, executions)
        return Summary(
            enqueued=len(tasks),
            succeeded=succeeded,
            retried=summary.retried(executions),
            dead=dead,
            lost=lost,
            recovered=summary.recovered(executions),
            taken_back=self.stage.supervisor.recovered,
            double_charges=self.stage.gateway.double_charges,
            mails_received=self.stage.mailbox.received,
            inversions=summary.inversions(executions),
            pickup_ms=summary.spread_of(summary.pickups_ms(executions, self.sent_ms)),
            lateness_ms=summary.lateness_ms(executions, [task for task in tasks.values() if task.delayed]),
            kinds=summary.count_kinds(tasks.values()),
            seconds=round(self.elapsed_s, 1),
        )

    def _state(self, task: Enqueued) -> TaskState:
        return run(self._inspector(task.queue).state(task.id), self.stage.app.broker.client()).state

    def _inspector(self, queue: str) -> Inspector:
        return Inspector(self.stage.app.broker.script_runner, queue)
