"""How a program gets hold of tasks that were enqueued before: by id, by many ids, or by what they have in common."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from redisched.client.connection import Connection
from redisched.client.reference import TaskRef
from redisched.errors import InvalidOption
from redisched.lazy import LazyModule
from redisched.option_checks import check_id, check_queue

if TYPE_CHECKING:
    from redisched.client import selecting, selection
    from redisched.client.selection import Selection
    from redisched.explain.explanation import Explanation
else:
    selecting = LazyModule("redisched.client.selecting")
    selection = LazyModule("redisched.client.selection")


class TaskLookUp:
    """The part of the Scheduler that gives references to tasks."""

    _connection: Connection

    def ref(self, task_id: str, queue: str | None = None) -> TaskRef[Any]:
        """A reference to a task enqueued earlier or elsewhere.

        Without `queue` its first use looks for the task in every queue there is, which costs a command for each; it
        raises InvalidOption when several have a task of this id.
        """
        known = "" if queue is None else check_queue("queue", queue)
        return TaskRef(check_id("task_id", task_id), known, self._connection)

    def explain(self, task_id: str, queue: str | None = None) -> "Explanation":
        """Why a task does not run now. As `ref(task_id, queue).explain()`."""
        return self.ref(task_id, queue).explain()

    async def explain_async(self, task_id: str, queue: str | None = None) -> "Explanation":
        """As `explain`."""
        return await self.ref(task_id, queue).explain_async()

    def refs(self, tasks: Iterable[str | TaskRef[Any]], queue: str | None = None) -> "Selection":
        """Many tasks on which one call acts, by their ids or references. Ids are looked for in `queue`, or in every
        queue.
        """
        known = "" if queue is None else check_queue("queue", queue)
        if isinstance(tasks, str) or not isinstance(tasks, Iterable):
            raise InvalidOption("tasks", tasks, "a list or another iterable of ids and references")
        return selection.Selection(selecting.Named([_named(task, known) for task in tasks]), self._connection)

    def select(
        self,
        text: str | None = None,
        /,
        *,
        queue: str | None = None,
        name: str | None = None,
        state: str | Collection[str] | None = None,
        error: str | None = None,
    ) -> "Selection":
        """All tasks that match all that is given, on which one call acts: a filter such as "state:dead name:send_*";
        tasks of a queue, of a handler, in a state or one of several, with a last failure in whose text the regular
        expression `error` is found.

        Raises InvalidFilter, and InvalidOption, also if nothing is given.
        """
        wanted = selecting.filter_of(text, queue, name, state, error)
        return selection.Selection(selecting.Matching(wanted), self._connection)


def _named(task: str | TaskRef[Any], queue: str) -> tuple[str, str]:
    if isinstance(task, TaskRef):
        return task.id, task.queue or queue
    return check_id("tasks", task), queue
