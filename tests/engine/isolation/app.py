"""Isolated handlers, in a module that their processes import again.

Each handler that does not end by itself first makes a file, so that a test knows that it runs.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import NoReturn

from redisched import Reject, Retry, Scheduler, Snooze, current_task, never
from redisched.errors import CancelRequested, HandlerTimedOut
from tests.conversion.values import Color, Point

TARGET = "tests.engine.isolation.app:app"

app = Scheduler()
hoard: list[bytes] = []


def mark(path: str) -> None:
    Path(path).touch()


@app.task(name="add", isolation="process")
def add(a: int, b: int = 0) -> int:
    return a + b


@app.task(name="add_async", isolation="process")
async def add_async(a: int, b: int = 0) -> int:
    await asyncio.sleep(0)
    return a + b


@app.task(name="move", isolation="process")
def move(point: Point, color: Color) -> Point:
    """Needs both as annotated: a plain point has no `_replace`, and a plain color no value."""
    return point._replace(x=point.x + 1, place=point.place / color.value)


@app.task(name="move_async", isolation="process")
async def move_async(point: Point, color: Color) -> Point:
    await asyncio.sleep(0)
    return point._replace(x=point.x + 1, place=point.place / color.value)


@app.task(name="where", isolation="process")
def where() -> int:
    """The id of the process in which the handler runs."""
    return os.getpid()


@app.task(name="about", isolation="process")
def about() -> list[object]:
    task = current_task()
    return [task.id, task.name, task.queue, task.attempt, task.max_attempts, task.fence, task.worker]


@app.task(name="import_pages", isolation="process")
def import_pages(pages: int) -> int:
    """Fails after each page; answers how many pages earlier attempts have done."""
    done = current_task().state or 0
    if done < pages:
        current_task().checkpoint(done + 1)
        raise ValueError("the line is cut")
    return int(done)


@app.task(name="import_pages_async", isolation="process")
async def import_pages_async(pages: int) -> int:
    """As import_pages."""
    done = current_task().state or 0
    if done < pages:
        await current_task().checkpoint_async(done + 1)
        raise ValueError("the line is cut")
    return int(done)


@app.task(name="save_when_told", isolation="process")
def save_when_told(begun: str) -> None:
    """Waits for ever, and saves how far it has come when its time is over."""
    try:
        mark(begun)
        threading.Event().wait()
    except HandlerTimedOut:
        current_task().checkpoint("nearly done")
        raise


@app.task(name="save", isolation="process")
def save(kind: str) -> None:
    current_task().checkpoint(b"x" * 300_000 if kind == "large" else threading.Lock() if kind == "lock" else kind)


@app.task(name="lock", isolation="process")
def lock() -> object:
    """Returns a value that cannot be stored."""
    return threading.Lock()


@app.task(name="lock_unkept", isolation="process", retention=0)
def lock_unkept() -> object:
    """Returns a value that cannot be stored, and is not kept."""
    return threading.Lock()


@app.task(name="fail", isolation="process")
def fail() -> NoReturn:
    raise ValueError("no luck")


@app.task(name="give_up", isolation="process", retry=Retry.match({ValueError: never}))
def give_up() -> NoReturn:
    raise ValueError("no luck")


@app.task(name="pause", isolation="process", retry=Retry(backoff=lambda attempt, error: 100 * attempt + error.args[0]))
def pause() -> NoReturn:
    raise OSError(7)


@app.task(name="snooze", isolation="process")
async def snooze() -> NoReturn:
    raise Snooze(60)


@app.task(name="reject", isolation="process")
def reject() -> NoReturn:
    raise Reject("no city")


@app.task(name="leave", isolation="process")
def leave() -> NoReturn:
    sys.exit(3)


@app.task(name="die", isolation="process")
def die() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


@app.task(name="grow", isolation="process")
def grow(mebibytes: int) -> int:
    """Takes so much memory, and never frees it."""
    hoard.append(b"x" * (mebibytes << 20))
    return os.getpid()


@app.task(name="wait", isolation="process")
def wait(begun: str, tidied: str) -> None:
    """Waits for ever, and makes a second file when it is told to end."""
    try:
        mark(begun)
        threading.Event().wait()
    except CancelRequested:
        mark(tidied)
        raise


@app.task(name="tidy", isolation="process")
def tidy(tidied: str) -> None:
    """Waits for ever, and makes a file when its time is over."""
    try:
        threading.Event().wait()
    except HandlerTimedOut:
        mark(tidied)
        raise


@app.task(name="tidy_async", isolation="process")
async def tidy_async(tidied: str) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        mark(tidied)
        raise


@app.task(name="insist_briefly", isolation="process", timeout_grace=0)
def insist_briefly(tidied: str) -> None:
    """Has no time to make its file."""
    tidy(tidied)


@app.task(name="go_on", isolation="process")
def go_on() -> float | None:
    """Moves its timeout by an hour, and runs for longer than the first one."""
    current_task().extend(3_600)
    while (current_task().remaining_s or 0.0) > 3_600 - 0.01:
        pass
    return current_task().remaining_s


@app.task(name="go_on_async", isolation="process")
async def go_on_async() -> float | None:
    return go_on()


@app.task(name="wait_async", isolation="process")
async def wait_async(begun: str, tidied: str) -> None:
    try:
        mark(begun)
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        mark(tidied)
        raise


@app.task(name="insist", isolation="process")
def insist(begun: str) -> NoReturn:
    """Ignores every request to end, but notes that one came."""
    mark(begun)
    while True:
        try:
            threading.Event().wait()
        except BaseException:
            mark(f"{begun}.told")


@app.task(name="take_signals", isolation="process")
def take_signals() -> str:
    """Sends its own process the signals that are often sent to every process of a worker."""
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(os.getpid(), number)
    return "still here"


@app.task(name="fork", isolation="process")
def fork(way: str) -> int:
    """Forks, and returns the exit code of the copy, which leaves the handler in some way."""
    return forked(way)


@app.task(name="fork_async", isolation="process")
async def fork_async(way: str) -> int:
    child = os.fork()
    if child == 0:
        if way == "await":
            await asyncio.sleep(0)
        leave_as(way)
        return 0
    return await asyncio.to_thread(exit_code_of, child)


def forked(way: str) -> int:
    child = os.fork()
    if child == 0:
        leave_as(way)
        return 0
    return exit_code_of(child)


def exit_code_of(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def leave_as(way: str) -> None:
    if way == "exit":
        sys.exit(3)
    if way == "raise":
        raise ValueError("in the copy")


@app.task(name="leave_a_program", isolation="process")
def leave_a_program(path: str) -> int:
    """Starts a program that outlives this process, and writes its process id into a file."""
    os.system(f"sleep 100 & echo $! > {path}")
    return os.getpid()


@app.task(name="signalled", isolation="process")
def signalled() -> int:
    """Sends a program SIGINT, and returns its exit code."""
    return interrupted_program()


def interrupted_program() -> int:
    program = subprocess.Popen(["sleep", "100"])
    program.send_signal(signal.SIGINT)
    return program.wait()
