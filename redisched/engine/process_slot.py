"""A place for one worker process in a fleet, and the processes that are there: one, or several while it is replaced."""

from dataclasses import dataclass, field

from redisched.engine.child_spec import Ready
from redisched.engine.liveness import Liveness
from redisched.engine.process_limits import ProcessLimits
from redisched.engine.started import StartedTable
from redisched.engine.worker_process import WorkerProcess
from redisched.orders import WorkerOrder


@dataclass(slots=True, kw_only=True, eq=False)
class Member:
    """A worker process of a fleet, and what is known of it. All moments are monotonic seconds."""

    process: WorkerProcess
    table: StartedTable
    began_s: float
    limits: ProcessLimits
    liveness: Liveness = field(default_factory=Liveness)
    ready: Ready | None = None
    failure: str | None = None
    """Why it cannot work, as it said itself."""
    works_since_s: float | None = None
    """Since when it is known to get answers from Redis while it claims tasks."""
    rss_bytes: int = 0
    """Its resident memory when it was measured last."""
    told: WorkerOrder | None = None
    """What it was told to do, if that ends it."""

    @property
    def name(self) -> str:
        """The name under which the process holds leases."""
        return self.process.name

    def note_working(self, now_s: float) -> None:
        """Note it if the process has begun to work. It has connected then, and Redis has answered its first claim."""
        if self.works_since_s is None and self.table.last_contact_s() > 0:
            self.works_since_s = now_s


@dataclass(slots=True, eq=False)
class ProcessSlot:
    """A slot of a fleet. `table` is that of its process, and is kept for the next one when the process dies. `number`
    is the place in the fleet, counted from 0.

    While the process is replaced, `successor` starts beside it. When that one works, the process drains: it claims
    nothing more, and ends when its handlers have ended.
    """

    table: StartedTable
    number: int = 0
    member: Member | None = None
    successor: Member | None = None
    draining: list[Member] = field(default_factory=list)
    due_s: float = 0.0
    deaths: int = 0
    is_over: bool = False
    """Whether no process is started here any more."""

    def members(self) -> list[Member]:
        """All processes that are here."""
        return [one for one in (self.member, self.successor, *self.draining) if one is not None]

    def hand_over(self) -> Member | None:
        """Give the place to the successor; answers the process that was there and drains now, None if it has died."""
        before, self.member, self.successor = self.member, self.successor, None
        assert self.member is not None
        if before is None:
            self.table.close()
        else:
            self.draining.append(before)
        self.table = self.member.table
        return before

    def remove(self, member: Member) -> None:
        """A process has ended."""
        if member is self.member:
            self.member = None
            return
        if member is self.successor:
            self.successor = None
        else:
            self.draining.remove(member)
        member.table.close()

    def close(self) -> None:
        """Close the tables. Call once no process is left here that anybody asks about."""
        for table in {id(table): table for table in (self.table, *(one.table for one in self.members()))}.values():
            table.close()
