"""Records what a process does: its handlers, its producers, and the faults that a test injects.

Each record is written to the file at once: before an action that it announces, and after an action that it reports. So
when a process is killed, only records of actions that it may not have done are missing.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from redisched.chaos.history.record import Disturbed, End, Ending, Enqueue, EnqueueStep, Record, Start, encode
from redisched.client.request import TaskRequest
from redisched.context import current_task
from redisched.errors import BrokerUnavailable, NotDurable, RedischedError
from redisched.store.broker import Broker

_LIMIT = rb"(?:^| )%s=([+@]\d+) "
_EXPIRES, _DEADLINE = re.compile(_LIMIT % b"expires"), re.compile(_LIMIT % b"deadline")


def machine_ms() -> float:
    """The time of this machine in milliseconds. A server on the same machine has the same time."""
    return time.time() * 1e3


def time_of(broker: Broker) -> Callable[[], float]:
    """A function that asks a server for its time in milliseconds, for servers whose clock is not this machine's."""

    def server_ms() -> float:
        seconds, microseconds = broker.client().perform(("TIME",))
        return int(seconds) * 1e3 + int(microseconds) / 1e3

    return server_ms


class Recorder:
    """Appends records to a file in `folder`, one file per process. Threads may share a recorder.

    The folder must exist. `now_ms` returns the server's time in milliseconds.
    """

    def __init__(self, folder: Path, now_ms: Callable[[], float] = machine_ms) -> None:
        self._folder = folder
        self.now_ms = now_ms

    def write(self, *records: Record) -> None:
        """Append records, all in one write."""
        if not records:
            return
        # Opened for each write, so that a forked child writes to its own file, and no file stays open.
        path = self._folder / f"{os.getpid()}.jsonl"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, b"".join(map(encode, records)))
        finally:
            os.close(descriptor)

    @contextmanager
    def execution(self) -> Iterator[None]:
        """Record the start and the end of a handler; put it around the handler's body."""
        with self._running(starts_once=False):
            yield

    @contextmanager
    def only_execution(self) -> Iterator[None]:
        """As `execution`, for a handler that may start only once."""
        with self._running(starts_once=True):
            yield

    @contextmanager
    def _running(self, *, starts_once: bool) -> Iterator[None]:
        task = current_task()
        self.write(
            Start(
                at_ms=self.now_ms(),
                queue=task.queue,
                task=task.id,
                attempt=task.attempt,
                fence=task.fence,
                priority=task.priority,
                run_at_ms=task.run_at_ms,
                worker=task.worker,
                starts_once=starts_once,
            )
        )
        ending = Ending.RAISED
        try:
            yield
            ending = Ending.RETURNED
        finally:
            self.write(End(at_ms=self.now_ms(), queue=task.queue, task=task.id, fence=task.fence, ending=ending))

    @contextmanager
    def enqueueing(self, *requests: TaskRequest) -> Iterator[None]:
        """Record that requests are sent and with what result; put it around the call. Errors are raised again."""
        invoked_ms = self.now_ms()
        self._note(requests, invoked_ms, EnqueueStep.INVOKED)
        step = EnqueueStep.UNKNOWN
        try:
            yield
            step = EnqueueStep.OK
        except (BrokerUnavailable, NotDurable):
            raise
        except RedischedError:
            step = EnqueueStep.FAILED
            raise
        finally:
            self._note(requests, invoked_ms, step)

    def disturbed(self, what: str, victim: str) -> None:
        """Record a fault that the test injected or removed: what it was, and which server or process it hit."""
        self.write(Disturbed(at_ms=self.now_ms(), what=what, victim=victim))

    def _note(self, requests: tuple[TaskRequest, ...], invoked_ms: float, step: EnqueueStep) -> None:
        now_ms = self.now_ms()
        self.write(
            *(
                Enqueue(
                    at_ms=now_ms,
                    queue=request.queue,
                    task=request.id,
                    step=step,
                    not_before_ms=_moment_ms(request.task.when, invoked_ms),
                    # The server had the task at the latest when it acknowledged it.
                    expires_ms=_limit_ms(_EXPIRES, request.task.traits, now_ms),
                    deadline_ms=_limit_ms(_DEADLINE, request.task.traits, now_ms),
                )
                for request in requests
            )
        )


def _moment_ms(when: str, from_ms: float) -> float:
    return int(when[1:]) + (from_ms if when[0] == "+" else 0)


def _limit_ms(limit: re.Pattern[bytes], traits: bytes, from_ms: float) -> float | None:
    found = limit.search(traits)
    return _moment_ms(found[1].decode(), from_ms) if found else None
