"""The answer to the question why a task does not run."""

from dataclasses import dataclass
from datetime import UTC, datetime

from redisched.explain.reason import Reason
from redisched.model import TaskState


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a task does not run, at the moment `now_ms`. Times are the server's, in milliseconds since 1970.

    `sentence` says it for people, and `advice` what to do, "" if nothing has to be done. `further` are reasons that
    hold besides, such as a pause of the queue of a task that is not due yet; the sentence has them too.

    `position` is how many due tasks of its shard are claimed before it; None if it is not due, or does not wait.
    `expected_start_ms` is the earliest time at which it can start; None if that depends on workers or on somebody's
    decision. `worker` has the task, had it last, or failed at it; `since_ms` is since when it runs, is leased or has
    ended, and for a paused queue since when that is paused; `until_ms` is the end of the lease or of the pause. `error`
    is that of the last failed attempt, and `deadline_ms` the time from which on no attempt may begin.
    """

    id: str
    queue: str
    shard: int
    state: TaskState
    now_ms: int
    reason: Reason
    sentence: str
    advice: str = ""
    further: tuple[Reason, ...] = ()
    position: int | None = None
    expected_start_ms: int | None = None
    worker: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    error: str | None = None
    deadline_ms: int | None = None

    @property
    def expected_start(self) -> datetime | None:
        """The earliest time at which it can start, as a datetime."""
        return None if self.expected_start_ms is None else datetime.fromtimestamp(self.expected_start_ms / 1e3, UTC)
