"""A fleet of which the test plays the processes: it says when each is ready, works, runs tasks and ends."""

import signal
from collections.abc import Callable
from itertools import count
from typing import Any, cast

from redisched.config import Settings, WorkerSettings
from redisched.engine.child_spec import Exit, Fatal, Message, Ready, Work
from redisched.engine.fleet import Fleet
from redisched.engine.recoverer import Recoverer
from redisched.engine.started import StartedTable
from redisched.engine.worker_process import WorkerProcess

READY = Ready(queues=("default",), settings=Settings())
START_S = 2.0
"""How long the start of a process takes."""
LONG_S = 1_000.0
"""Longer than any process has to work before it may be replaced."""


class SetClock:
    """Stands still until the test lets time pass."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


class ScriptedProcess:
    """What a supervisor sees of a worker process, without a process. `told` is what it was told, in this order."""

    def __init__(self, number: int, table: StartedTable, clock: SetClock) -> None:
        self.name = f"w{number}"
        self.process_id = number
        self.told: list[str] = []
        self.is_closed = False
        self._table = table
        self._clock = clock
        self._messages: list[Message] = []
        self._code: int | None = None

    def works(self, tasks: int = 0) -> None:
        """Be ready, get an answer from Redis, and run some tasks."""
        self.is_ready()
        self.runs(tasks)

    def is_ready(self) -> None:
        """Have imported the application."""
        self._messages.append(READY)

    def runs(self, tasks: int) -> None:
        """Run some tasks, and get an answer from Redis."""
        for _ in range(tasks):
            self._table.enter(0, "default", "id", 1)
            self._table.leave(0)
        self._table.contact(self._clock.now_s)

    def says(self, message: Message) -> None:
        """Send a message to the supervisor."""
        self._messages.append(message)

    def cannot_work(self, reason: str) -> None:
        """Say why it cannot work, and end, as after an error of the import."""
        self._messages.append(Fatal(reason=reason, exit_code=Exit.CRASHED))
        self.ends(Exit.CRASHED)

    def ends(self, code: int = Exit.STOPPED) -> None:
        """End by itself."""
        self._table.note_clean_exit(code)
        self._code = code

    def dies(self) -> None:
        """End as a process does that is killed."""
        self._code = -signal.SIGKILL

    def exit_code(self) -> int | None:
        return self._code

    def messages(self) -> list[Message]:
        told, self._messages = self._messages, []
        return told

    def drain(self) -> None:
        self.told.append("drain")

    def terminate(self) -> None:
        self.told.append("terminate")

    def kill(self) -> None:
        self.told.append("kill")
        self.dies()

    def close(self) -> None:
        assert self._code is not None
        self.is_closed = True


class Deaths:
    """Takes no tasks back, but notes for which workers it should have."""

    def __init__(self) -> None:
        self.workers: list[str] = []

    def died(self, worker: str, _started: object, _ready: Ready) -> None:
        self.workers.append(worker)


class ScriptedFleet:
    """A fleet with scripted processes. `processes` are all that were ever started."""

    def __init__(self, chance: float = 0.0, **settings: Any) -> None:
        self.clock = SetClock()
        self.processes: list[ScriptedProcess] = []
        self.memory: dict[int, int] = {}
        self.refusal: OSError | None = None
        """Raised at the next start."""
        self.deaths = Deaths()
        self._numbers = count()
        worker_settings = WorkerSettings(**settings)
        self.fleet = Fleet(
            Work(target="shop:app", settings=worker_settings),
            cast(Recoverer, self.deaths),
            self._start,
            self.clock,
            lambda: chance,
            memory_of=lambda process_id: self.memory.get(process_id, 0),
        )
        for _ in range(worker_settings.processes):
            self.fleet.add(StartedTable.make(worker_settings.concurrency))
        self.turn()
        for process in self.processes:
            self.clock.now_s += START_S
            process.works()
        self.turn()

    @property
    def newest(self) -> ScriptedProcess:
        """The process that was started last."""
        return self.processes[-1]

    def turn(self, seconds: float = 0.0) -> None:
        """Let time pass, and let the fleet react to what has happened."""
        self.clock.now_s += seconds
        self.fleet.look()
        self.fleet.start_due()

    def serving(self) -> list[str]:
        """The processes that have a place in the fleet, in the order of the places."""
        return [slot.member.name for slot in self.fleet.slots if slot.member is not None]

    def running(self) -> list[str]:
        """Every process that runs."""
        return [member.name for member in self.fleet.members()]

    def replacement_works(self) -> ScriptedProcess:
        """Let the process that was started last begin to work, after the time that a start takes; answers it."""
        replacement = self.newest
        self.clock.now_s += START_S
        replacement.works()
        self.turn()
        return replacement

    def close(self) -> None:
        """Release the tables."""
        self.fleet.close()

    def _start(self, _work: Work, table: StartedTable) -> WorkerProcess:
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            raise refusal
        self.processes.append(ScriptedProcess(next(self._numbers), table, self.clock))
        return cast(WorkerProcess, self.processes[-1])


MakeFleet = Callable[..., ScriptedFleet]
