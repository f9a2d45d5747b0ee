"""Handlers for the fleets of a rig: they wait at a gate, end their process, or take long, and write down that they ran.

HISTORY names the folder of the history. Its times are those of the server's clock, as a worker's own clock may be
wrong.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import threading
from pathlib import Path

from redisched import Retry, Scheduler, fixed
from redisched.chaos import Recorder
from redisched.chaos.history.recorder import time_of
from redisched.errors import Interruption
from tests.waiting import wait_until

GATE_S = 60.0

app = Scheduler()


def server_ms() -> float:
    """The server's time, read over a connection that the first call opens."""
    return time_of(app.broker)()


recorder = Recorder(Path(os.environ.get("HISTORY", os.devnull)), server_ms)


def hold(gate: Path) -> None:
    """Wait until the file is there, and ignore every request to end."""
    while not gate.exists():
        with contextlib.suppress(Interruption):
            wait_until(gate.exists, "the gate is open", GATE_S)


def is_first(gate: Path) -> bool:
    """Whether no execution has come to this gate before."""
    try:
        gate.with_suffix(".entered").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@app.task(name="nothing", retention=3_600)
async def nothing() -> None:
    """Takes no time."""
    with recorder.execution():
        pass


@app.task(name="linger", retention=3_600)
def linger(seconds: float) -> None:
    """Sleeps, and so takes no time of the processor."""
    with recorder.execution():
        threading.Event().wait(seconds)


@app.task(name="hold_once", retention=3_600)
def hold_once(gate: str, first: str, second: str) -> str:
    """The first execution waits at the gate and then ends as `first` says; every other ends at once, as `second` says.

    A text that begins with an exclamation mark is raised as an error, any other is returned.
    """
    with recorder.execution():
        ending = second
        if is_first(Path(gate)):
            hold(Path(gate))
            ending = first
        if ending.startswith("!"):
            raise ValueError(ending)
        return ending


@app.task(name="die_unrecorded_once", retention=3_600)
def die_unrecorded_once(gate: str) -> None:
    """The first execution waits at the gate, and is then killed before it has written down that it began."""
    if is_first(Path(gate)):
        hold(Path(gate))
        os.kill(os.getpid(), signal.SIGKILL)
    with recorder.execution():
        pass


@app.task(name="linger_once", retention=3_600, delivery="at_most_once")
def linger_once(seconds: float) -> str:
    """Sleeps, and may start only once."""
    with recorder.only_execution():
        threading.Event().wait(seconds)
    return "done"


@app.task(name="fail", retention=3_600, retry=Retry(backoff=fixed(0.3)))
def fail() -> None:
    """Fails at each attempt."""
    with recorder.execution():
        raise ValueError("as asked")


@app.task(name="hold_each", retention=3_600)
def hold_each(gate: str) -> None:
    """Every execution waits at the gate."""
    with recorder.execution():
        hold(Path(gate))


@app.task(name="seize_once", retention=3_600)
def seize_once(gate: str, seconds: float) -> None:
    """The first execution keeps every other thread from running, as C code does that never releases the interpreter."""
    with recorder.execution():
        if is_first(Path(gate)):
            ctypes.PyDLL(None).usleep(round(seconds * 1e6))


@app.task(name="poison", retention=3_600, max_attempts=2)
def poison(kind: str) -> object:
    """Does what no handler should."""
    with recorder.execution():
        match kind:
            case "segfault":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "killed for its memory":
                os.kill(os.getpid(), signal.SIGKILL)
            case "sys.exit":
                sys.exit(3)
            case "out of memory":
                return bytearray(sys.maxsize)
            case "endless":
                while True:
                    pass
        return threading.Lock()


@app.task(name="insist", retention=3_600)
def insist() -> None:
    """Ignores every request to end."""
    with recorder.execution():
        while True:
            with contextlib.suppress(Interruption):
                threading.Event().wait()


@app.task(name="insist_async", retention=3_600)
async def insist_async() -> None:
    """Ignores every request to end, without blocking the event loop."""
    with recorder.execution():
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()


@app.task(name="block", retention=3_600)
async def block() -> None:
    """Blocks the event loop, so that no request to end reaches the handler."""
    with recorder.execution():
        threading.Event().wait()


for handler in (hold_once, insist, poison):
    app.task(name=f"{handler.name}_apart", retention=3_600, max_attempts=2, isolation="process")(handler.entry.function)


@app.task(name="fork", retention=3_600)
def fork(times: int) -> int:
    """Enqueues from forked children; answers how many of them succeeded."""
    with recorder.execution():
        return sum(_in_child() for _ in range(times))


def _in_child() -> bool:
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) == 0
    try:
        request = app.request("nothing")
        with recorder.enqueueing(request):
            app.enqueue_many([request])
    except BaseException:
        os._exit(1)
    os._exit(0)
