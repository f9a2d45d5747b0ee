"""What handlers and producers saw, recorded as it happens."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from redisched.context import TaskContext


class Sent(StrEnum):
    """What a producer knows of a task that it enqueued."""

    OK = "ok"
    UNKNOWN = "unknown"
    """The task may be in the queue."""


class Behaviour(StrEnum):
    """How a handler reacts to requests to end."""

    CALM = "calm"
    BLOCKING = "blocking"
    """Blocks its event loop."""
    DEAF = "deaf"
    """Cannot be interrupted."""


@dataclass(slots=True)
class Execution:
    """A handler that ran. Times are the world's, in microseconds; `how` it ended is empty while it runs.

    A handler that `listens` ends when it is told to. `doomed_us` is when the server first knew that it must end, as its
    lease was taken away or its task is to be cancelled, -1 if neither.
    """

    id: str
    name: str
    fence: int
    attempt: int
    run_at_ms: int
    process: str
    began_us: int
    listens: bool
    state: Any
    """What an earlier attempt had saved."""
    doomed_us: int = -1
    how: str = ""
    ended_us: int = 0

    def result(self) -> str:
        """The result of the handler, which identifies the execution."""
        return f"{self.id} under {self.fence}"


class History:
    """The history of one world. `trace` lists all events in order, to be compared with that of another run."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self.now_us = now_us
        self.executions: list[Execution] = []
        self.enqueued: dict[str, Sent] = {}
        self.trace: list[str] = []

    def note(self, *facts: object) -> None:
        """Add to the trace."""
        self.trace.append(f"{self.now_us():>12,} {' '.join(map(str, facts))}")

    def sent(self, id: str, outcome: Sent) -> None:
        """A producer got a reply, or none, about a task that it enqueued."""
        self.note("enqueued", id, outcome)
        if self.enqueued.get(id) is not Sent.OK:
            self.enqueued[id] = outcome

    def begin(self, context: TaskContext, process: str, behaviour: Behaviour) -> Execution:
        """A handler starts."""
        execution = Execution(
            id=context.id,
            name=context.name,
            fence=context.fence,
            attempt=context.attempt,
            run_at_ms=context.run_at_ms,
            process=process,
            began_us=self.now_us(),
            listens=behaviour is Behaviour.CALM,
            state=context.state,
        )
        self.note(process, "starts", execution.id, execution.fence)
        self.executions.append(execution)
        return execution

    def end(self, execution: Execution, how: str) -> None:
        """A handler ends."""
        self.note(execution.process, "ends", execution.id, execution.fence, how)
        execution.how, execution.ended_us = how, self.now_us()
