"""The machine of random calls, which begins with a few tasks in many places, as bugs show where something is."""

from enum import StrEnum, auto
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from redisched.store.broker import Broker
from redisched.store.store import NOBODY
from redisched.store.values import Bury, OnlyStart, Orphan, Release, Renewal
from tests.chaos.machine import CRASH_LIMIT, QueueMachine, ends, new_tasks
from tests.chaos.model_task import Place, Task

FIRST_TASKS = 6


class Beginning(StrEnum):
    """What has happened to a claimed task when the random calls begin."""

    LEASED = auto()
    RUNNING = auto()
    CANCELLING = auto()
    STARTED_ONCE = auto()
    RELEASED = auto()
    INTERRUPTED = auto()
    CRASHED = auto()
    DEAD = auto()


class BegunMachine(QueueMachine):
    """Every rule is one call of one edge."""

    broker: ClassVar[Broker]

    def on_first_lease(self, task: Task) -> None:
        """Is called with each of the first leased tasks, before anything else happens to it."""

    @initialize(
        tasks=st.lists(new_tasks, min_size=FIRST_TASKS, max_size=FIRST_TASKS),
        end=ends,
        beginnings=st.lists(st.sampled_from(Beginning), min_size=FIRST_TASKS, max_size=FIRST_TASKS),
    )
    def begin(self, tasks: list[tuple[int, int, str, bytes, bytes]], end: bytes, beginnings: list[Beginning]) -> None:
        self.enqueue(tasks, end)
        self.claim("w1", FIRST_TASKS, 0, woken=False)
        for task, beginning in zip(self.model.at(Place.LEASED), beginnings, strict=False):
            self.on_first_lease(task)
            self.bring_about(task, beginning, end)

    def bring_about(self, task: Task, beginning: Beginning, end: bytes) -> None:
        """Let something happen to a leased task."""
        id, token = task.id, task.token
        match beginning:
            case Beginning.RUNNING:
                self.call("renew", 30_000, [Renewal(id, token, self.time.now_ms)])
            case Beginning.CANCELLING:
                self.call("cancel", 500, [(id, end)])
            case Beginning.STARTED_ONCE:
                self.call("start", [OnlyStart(id, token, self.time.now_ms, 500, self.outcome(id, end))])
            case Beginning.RELEASED | Beginning.INTERRUPTED:
                self.call("release", [Release(id, token, 0, int(beginning is Beginning.INTERRUPTED))])
            case Beginning.CRASHED:
                self.call("recover", NOBODY, CRASH_LIMIT, b"crashed", [Orphan(id, token, 1)])
            case Beginning.DEAD:
                self.call("bury", [Bury(id, token, b"boom")])


def machine_on(broker: Broker) -> type[BegunMachine]:
    """The machine of one broker."""

    class MachineOnBroker(BegunMachine):
        pass

    MachineOnBroker.broker = broker
    return MachineOnBroker
