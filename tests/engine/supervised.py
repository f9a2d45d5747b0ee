"""A fleet of `redisched worker` over an application that a test writes, in a folder of its own."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from redisched import Scheduler, TaskRef
from tests.chaos.fleet import members_of
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]

BASICS = """
import asyncio, atexit, os, signal, subprocess, sys, threading, time
from redisched import Scheduler

app = Scheduler()


@app.task(name="add")
async def add(one, other):
    return one + other
"""
"""The beginning of every application."""


_HEARING_HANGUPS = ("env", "--default-signal=HUP")
"""The tests may run under nohup, and every process that they start would inherit that."""


class SupervisedFleet:
    """A supervisor and its processes in a process group of their own."""

    def __init__(
        self,
        folder: Path,
        url: str,
        code: str,
        *options: str,
        before: tuple[str, ...] = (),
        flags: tuple[str, ...] = (),
    ) -> None:
        """`before` are words of the command before the interpreter, `flags` the interpreter's own."""
        (folder / "shop.py").write_text(BASICS + code)
        self._log = folder / "fleet.log"
        self._app = Scheduler(url)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "REDISCHED_URL": url, "TMPDIR": str(folder)}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                (*_HEARING_HANGUPS, *before, sys.executable, *flags, "-m", "redisched", "worker", "shop:app", *options),
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        # As long as a process is left, Redis may give it a task that the next fleet waits for.
        wait_until(lambda: not self.children(), "the processes of the fleet are gone")
        self._app.close()

    @property
    def log(self) -> str:
        """What the processes have written to standard output and standard error."""
        return self._log.read_text(errors="replace")

    def enqueue(self, name: str, *args: object) -> "TaskRef[object]":
        """Enqueue a task of the application."""
        return self._app.enqueue(name, *args)

    def result(self, name: str, *args: object) -> object:
        """Enqueue a task, and wait for its result."""
        return self.enqueue(name, *args).result(timeout=60)

    def wait_ready(self) -> None:
        """Return once the fleet runs tasks."""
        assert self.result("add", 1, 2) == 3

    def children(self) -> list[int]:
        """The processes of the fleet without the supervisor: its children and theirs."""
        return [process for process in members_of(self.process.pid) if process != self.process.pid]

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to every process, as a terminal or a service manager does."""
        os.killpg(self.process.pid, number)

    def stop(self) -> int:
        """Tell the supervisor to stop; answers its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """Wait for its end; answers its exit code."""
        wait_until(lambda: self.process.poll() is not None, f"the fleet ends: {self.log}", timeout_s=40.0)
        return self.process.wait()
