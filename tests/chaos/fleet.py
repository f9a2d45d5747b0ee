"""A fleet of worker processes under a supervisor of their own, to be killed one by one or all together."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple, Self

from redisched.config import Until
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


class Event(NamedTuple):
    """A line of the history that the handlers write."""

    event: str
    task_id: str
    fence: int
    pid: int
    worker: str


class Fleet:
    """A supervisor and its worker processes, in a process group of their own."""

    def __init__(
        self,
        url: str,
        history: Path,
        *,
        target: str = "tests.chaos.apps.kills:app",
        until: Until = Until.STOPPED,
        **settings: Any,
    ) -> None:
        self._process = subprocess.Popen(
            (sys.executable, "-m", "tests.chaos.apps", target, until, json.dumps(settings)),
            cwd=ROOT,
            env=os.environ | {"REDISCHED_URL": url, "HISTORY": str(history)},
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill_all()

    def workers(self) -> list[int]:
        """The worker processes, without the supervisor and its helpers."""
        return [
            process for process in members_of(self._process.pid) if is_started_by(process, b"redisched.engine.child")
        ]

    def forked(self) -> list[int]:
        """The processes of isolated handlers, and the processes that forked them."""
        return [process for process in members_of(self._process.pid) if is_started_by(process, b"forkserver")]

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to every process at once, as service managers do."""
        os.killpg(self._process.pid, number)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the supervisor alone."""
        self._process.send_signal(number)

    def kill_supervisor(self) -> None:
        """Kill the supervisor alone, as kill -9 does."""
        self._process.kill()
        self._process.wait()

    def kill_all(self) -> None:
        """Kill supervisor and workers together."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        wait_until(lambda: not members_of(self._process.pid), "all processes of the fleet are gone")

    def wait(self) -> int:
        """Wait for the end of the supervisor, and return its exit code."""
        return self._process.wait(30)

    @property
    def has_ended(self) -> bool:
        """Whether the supervisor has ended."""
        return self._process.poll() is not None


def members_of(group: int) -> list[int]:
    """The processes of a group that have not ended."""
    members = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            state, _, process_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(process_group) == group and state not in "ZX":
                members.append(int(path.parent.name))
    return members


def is_started_by(process: int, function: bytes) -> bool:
    """Whether a process was started with this module or function."""
    try:
        return function in Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def read_history(path: Path) -> list[Event]:
    """What the handlers have written down so far, in order."""
    if not path.exists():
        return []
    lines = path.read_text().rpartition("\n")[0].splitlines()
    fields = (line.split(" ") for line in lines)
    return [Event(event, task_id, int(fence), int(pid), worker) for event, task_id, fence, pid, worker in fields]


def starts_by_task(events: list[Event]) -> dict[str, list[Event]]:
    """Every start of each task."""
    starts: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.event == "start":
            starts[event.task_id].append(event)
    return starts
