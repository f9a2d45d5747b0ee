"""What handlers of scheduled tasks record: which slots started, and when."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from redisched import Scheduler, current_task
from redisched.config import Settings
from redisched.placement import schedule_of
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.schedule_store import ScheduleStore
from redisched.store.schedule_values import StoredSchedule

QUEUE = "default"


class Started(NamedTuple):
    """One start of a task. The moment of its slot is in its id. Times are in milliseconds since 1970."""

    id: str
    run_at_ms: int
    at_ms: float

    @property
    def slot_ms(self) -> int:
        """The slot from which the task comes."""
        moment = datetime.fromisoformat(self.id.partition("@")[2])
        return round(moment.timestamp() * 1_000)


class SlotRecord:
    """Notes every start. `note` is a handler."""

    def __init__(self) -> None:
        self.starts: list[Started] = []
        self._lock = threading.Lock()

    def note(self) -> None:
        """Note that the running task has started."""
        task = current_task()
        with self._lock:
            self.starts.append(Started(task.id, task.run_at_ms, time.time() * 1e3))

    def shop(self, broker: Broker) -> Scheduler:
        """An application with the handler `note`."""
        app = Scheduler(broker=broker, settings=Settings(application="shop"))
        app.task(name="note")(self.note)
        return app

    def of(self, schedule: str) -> list[Started]:
        """The starts of the tasks of one schedule, in the order of their slots."""
        with self._lock:
            return sorted(start for start in self.starts if schedule_of(start.id) == schedule)

    def check(self, schedule: str, interval_ms: int) -> None:
        """Fail if a slot has started twice, if one is missing between two others, or if one started too early."""
        starts = self.of(schedule)
        slots = [start.slot_ms for start in starts]
        assert slots == list(range(slots[0], slots[-1] + 1, interval_ms))
        assert all(start.slot_ms <= start.run_at_ms <= start.at_ms for start in starts)


def from_now(seconds: float) -> datetime:
    """A moment that so many seconds are left to."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


def stored(broker: Broker, name: str, queue: str = QUEUE, shard: int = 0) -> StoredSchedule:
    """A schedule as it stands in Redis, which must have it."""
    _now_ms, found = run(ScheduleStore(broker.script_runner, queue, shard).read([name]), broker.client())
    assert found, f"there is no schedule {name}"
    return found[0]


def names(broker: Broker, queue: str = QUEUE) -> list[str]:
    """The names of all schedules in the first shard of a queue."""
    schedules = run(ScheduleStore(broker.script_runner, queue).all(), broker.client())
    return [schedule.name for schedule in schedules]
