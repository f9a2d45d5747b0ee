"""References to tasks: they tell the state and the result of a task, cancel it and change it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from redisched.client.connection import Connection
from redisched.errors import InvalidOption, UnknownTask
from redisched.lazy import LazyModule
from redisched.model import TaskState
from redisched.store.operation import Operation, with_retries

if TYPE_CHECKING:
    from redisched.client import dead_tasks, deleting, following, results, verbs, waiting
    from redisched.client.dead_tasks import DiscardOutcome, Replay, ReplayOutcome
    from redisched.client.deleting import DeleteOutcome
    from redisched.client.end_listener import EndListener
    from redisched.client.verbs import CancelOutcome, ChangeOutcome, Verb
    from redisched.explain import reading as explaining
    from redisched.explain.explanation import Explanation
    from redisched.progress import Log, Progress
    from redisched.store import inspect as inspection
    from redisched.store import view as views
    from redisched.store.inspect import Inspector
    from redisched.store.reported import Reported
    from redisched.store.view import TaskView
else:
    # A process that only enqueues needs none of these.
    dead_tasks = LazyModule("redisched.client.dead_tasks")
    deleting = LazyModule("redisched.client.deleting")
    explaining = LazyModule("redisched.explain.reading")
    following = LazyModule("redisched.client.following")
    inspection = LazyModule("redisched.store.inspect")
    results = LazyModule("redisched.client.results")
    views = LazyModule("redisched.store.view")
    verbs = LazyModule("redisched.client.verbs")
    waiting = LazyModule("redisched.client.waiting")

O = TypeVar("O")  # noqa: E741 - an outcome
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True, eq=False)
class TaskRef(Generic[R_co]):
    """A task, by its id and queue. Equal references mean the same task.

    If it is not known in which queue the task is, all queues are searched, and the reference equals every other
    reference with the same id.
    """

    id: str
    """The id of the task."""
    queue: str
    """The queue in which the task is; "" if that is not known."""
    _connection: Connection = field(repr=False)
    is_new: bool = field(default=False, repr=False)
    """Whether the enqueue that returned this reference added the task. False if it found one with the same unique key
    or the same chosen id, and for a reference that no enqueue returned.
    """

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TaskRef):
            return NotImplemented
        return self.id == other.id and (self.queue == other.queue or not (self.queue and other.queue))

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def connection(self) -> Connection:
        """The connection of the application that the reference belongs to."""
        return self._connection

    def status(self) -> TaskState:
        """The state of the task now."""
        self._connection.expect_server()
        return self._connection.run(self.look(), "status").state

    async def status_async(self) -> TaskState:
        """As `status`."""
        self._connection.expect_server()
        return (await self._connection.run_async(self.look())).state

    def explain(self) -> "Explanation":
        """Why the task does not run now: its reason, a sentence for people, and how many are before it. Costs three
        reads, and changes nothing. Of a task that is unknown it says so.
        """
        self._connection.expect_server()
        return self._connection.run(self._explain(), "explain")

    async def explain_async(self) -> "Explanation":
        """As `explain`."""
        self._connection.expect_server()
        return await self._connection.run_async(self._explain())

    def result(self, timeout: float | timedelta | None = None) -> R_co:
        """Wait until the task has ended, and return what its handler returned; None once its retention was 0.

        `timeout` in seconds; None waits for as long as it takes. Raises TaskFailed, TaskCancelled, TaskExpired,
        TaskLost, UnknownTask, ResultTimeout, or Undecodable for an outcome that cannot be read.
        """
        self._connection.expect_server()
        connection = self._connection
        return connection.run(self._await_result(connection.end_listener(), timeout), "result")

    async def result_async(self, timeout: float | timedelta | None = None) -> R_co:  # noqa: ASYNC109 - the twin of result
        """As `result`."""
        self._connection.expect_server()
        connection = self._connection
        return await connection.run_async(self._await_result(await connection.end_listener_async(), timeout))

    def progress(self) -> "Progress | None":
        """How far the handler has come, as it told last; None if it told nothing. Raises UnknownTask."""
        return self._report("progress").progress

    async def progress_async(self) -> "Progress | None":
        """As `progress`."""
        return (await self._report_async()).progress

    def log(self) -> "Log":
        """The newest lines that the handler logged, over all attempts. Raises UnknownTask."""
        return self._report("log").log

    async def log_async(self) -> "Log":
        """As `log`."""
        return (await self._report_async()).log

    def cancel(self) -> "CancelOutcome":
        """Keep the task from running, or, if it runs, tell its handler to stop. Raises UnknownTask."""
        return self._run(verbs.Cancel(), "cancel")

    async def cancel_async(self) -> "CancelOutcome":
        """As `cancel`."""
        return await self._run_async(verbs.Cancel())

    def reprioritize(self, priority: int) -> "ChangeOutcome":
        """Give the waiting task another priority; lower ones run first. Raises InvalidOption, UnknownTask."""
        return self._run(verbs.reprioritization(priority), "reprioritize")

    async def reprioritize_async(self, priority: int) -> "ChangeOutcome":
        """As `reprioritize`."""
        return await self._run_async(verbs.reprioritization(priority))

    def reschedule(
        self, *, delay: float | timedelta | None = None, run_at: datetime | float | None = None
    ) -> "ChangeOutcome":
        """Give the waiting task another time, also while it waits for a retry: `delay` from now on,
        or `run_at`. Attempts made so far stay counted. Raises InvalidOption, UnknownTask.
        """
        return self._run(verbs.rescheduling(delay, run_at), "reschedule")

    async def reschedule_async(
        self, *, delay: float | timedelta | None = None, run_at: datetime | float | None = None
    ) -> "ChangeOutcome":
        """As `reschedule`."""
        return await self._run_async(verbs.rescheduling(delay, run_at))

    def run_now(self) -> "ChangeOutcome":
        """Make the waiting task due now, in the order of priorities. Raises UnknownTask."""
        return self._run(verbs.RUN_NOW, "run_now")

    async def run_now_async(self) -> "ChangeOutcome":
        """As `run_now`."""
        return await self._run_async(verbs.RUN_NOW)

    def replay(self) -> "ReplayOutcome":
        """Let the dead task run again, due now, with attempts counted from 0. Failures stay. Raises UnknownTask."""
        return self._run(dead_tasks.Replay(), "replay")

    async def replay_async(self) -> "ReplayOutcome":
        """As `replay`."""
        return await self._run_async(dead_tasks.Replay())

    def replay_with(self, *args: Any, **kwargs: Any) -> "ReplayOutcome":
        """As `replay`, with these arguments in place of all that the task had.

        Raises InvalidArguments if the handler is registered here and does not take them, NotEncodable and
        PayloadTooLarge, and Undecodable if the task cannot be read; then nothing is changed.
        """
        return self._run(self._replay_with(args, kwargs), "replay_with")

    async def replay_with_async(self, *args: Any, **kwargs: Any) -> "ReplayOutcome":
        """As `replay_with`."""
        return await self._run_async(self._replay_with(args, kwargs))

    def _replay_with(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> "Replay":
        return dead_tasks.Replay(dead_tasks.Arguments(args, kwargs, self._connection.encode_arguments))

    def discard(self) -> "DiscardOutcome":
        """End the dead task for good: cancelled, and forgotten after the retention. Raises UnknownTask."""
        return self._run(dead_tasks.Discard(), "discard")

    async def discard_async(self) -> "DiscardOutcome":
        """As `discard`."""
        return await self._run_async(dead_tasks.Discard())

    def delete(self) -> "DeleteOutcome":
        """Remove the task with all its data, unless a worker has it. Its id is known for 15 seconds more, and may be
        used again then. Raises UnknownTask.
        """
        return self._run(deleting.Delete(), "delete")

    async def delete_async(self) -> "DeleteOutcome":
        """As `delete`."""
        return await self._run_async(deleting.Delete())

    def _report(self, call: str) -> "Reported":
        self._connection.expect_server()
        return self._connection.run(following.report_of(self, self._connection), call)

    async def _report_async(self) -> "Reported":
        self._connection.expect_server()
        return await self._connection.run_async(following.report_of(self, self._connection))

    def _run(self, verb: "Verb[O]", call: str) -> O:
        self._connection.expect_server()
        return self._connection.run(self._act(verb), call)

    async def _run_async(self, verb: "Verb[O]") -> O:
        self._connection.expect_server()
        return await self._connection.run_async(self._act(verb))

    def _inspector(self, queue: str) -> "Inspector":
        connection = self._connection
        return inspection.Inspector(connection.broker.script_runner, queue, connection.shard_maps.last(queue))

    def look(self) -> "Operation[TaskView]":
        """Read the task. If no queue has it, its state is UNKNOWN, and its queue may be empty. Raises InvalidOption if
        the reference names no queue and several queues have a task with this id.
        """
        connection = self._connection
        queue = self.queue or connection.queues_of_tasks.get(self.id)
        if queue:
            view = yield from self._look_into(queue)
            if self.queue or view.state is not TaskState.UNKNOWN:
                return view
        find = partial(inspection.queues_of, connection.broker.script_runner, self.id)
        found = yield from with_retries(find, connection.retry_policy())
        if not found:
            return views.TaskView(id=self.id, queue="", state=TaskState.UNKNOWN, now_ms=0)
        if len(found) > 1:
            raise InvalidOption("queue", None, f"task {self.id!r} is in the queues {', '.join(found)}; name one")
        connection.queues_of_tasks[self.id] = found[0]
        return (yield from self._look_into(found[0]))

    def _look_into(self, queue: str) -> "Operation[TaskView]":
        inspector = self._inspector(queue)
        return (yield from with_retries(lambda: inspector.state(self.id), self._connection.retry_policy()))

    def _explain(self) -> "Operation[Explanation]":
        found, connection = (yield from self.look()), self._connection
        explain = partial(explaining.explained, connection.script_runner, found)
        return (yield from with_retries(explain, connection.retry_policy()))

    def _await_result(self, listener: "EndListener", timeout: float | timedelta | None) -> Operation[R_co]:
        with waiting.waiting_for([self], self._connection, listener, timeout) as ends:
            ((_, view),) = yield from ends.next_ended()
        result: R_co = results.result_of(view, self._connection.read_result)
        return result

    def _act(self, verb: "Verb[O]") -> Operation[O]:
        queue = self.queue or (yield from self.look()).queue
        if not queue:
            raise UnknownTask(self.id)
        inspector, connection = self._inspector(queue), self._connection
        view = yield from with_retries(lambda: inspector.task(self.id), connection.retry_policy())
        if view is None:
            raise UnknownTask(self.id)
        (outcome,) = yield from verb.act(connection, connection.store(queue, view.shard), [view])
        if outcome is None:
            raise UnknownTask(self.id)
        return outcome
