"""The application of these tests. Its Redis is one that cannot be reached: nothing may go there."""

import asyncio

from redisched import Delivery, Isolation, Reject, Retry, RetryLater, Scheduler, Snooze, current_task, fixed
from redisched.config import Settings

app = Scheduler("redis://127.0.0.1:1/0", settings=Settings(timeout_s=0.1))
done: list[object] = []
pause = asyncio.sleep
"""Takes no real time: handlers run in virtual time."""


@app.task
def note(value: object = None) -> object:
    """Remember and return a value."""
    done.append(value)
    return value


@app.task(queue="mail")
async def mail(value: object) -> object:
    """As `note`, async and in another queue."""
    await pause(0)
    done.append(value)
    return value


@app.task(isolation=Isolation.PROCESS)
def isolated(value: object) -> object:
    """As `note`, isolated."""
    done.append(value)
    return value


@app.task(isolation=Isolation.PROCESS)
async def isolated_async(value: object) -> object:
    """As `mail`, isolated."""
    await pause(0)
    return value


@app.task(timeout=5, retry=Retry(attempts=2))
async def waits(seconds: float) -> float:
    """Let time pass."""
    await pause(seconds)
    return seconds


@app.task(timeout=5)
async def extends(seconds: float) -> float:
    """Ask for the time it takes."""
    current_task().extend(seconds)
    await pause(seconds)
    return seconds


@app.task(retry=Retry(attempts=3))
def fails(message: str) -> None:
    """Always fail."""
    done.append(current_task().attempt)
    raise ValueError(message)


@app.task(retry=Retry(attempts=5, backoff=fixed(10)))
def says(what: str) -> str:
    """Say once what becomes of the task."""
    if current_task().attempt == 1 and current_task().state is None:
        current_task().checkpoint("said")
        raise {"snooze": Snooze(3_600), "later": RetryLater(60), "reject": Reject("no")}[what]
    return what


@app.task(retry=Retry(attempts=3, backoff=fixed(10)))
def resumes() -> list[int]:
    """Get one step further with each attempt."""
    steps = [*(current_task().state or ()), current_task().attempt]
    current_task().checkpoint(steps)
    if len(steps) < 3:
        raise RuntimeError("not there yet")
    return steps


@app.task(delivery=Delivery.AT_MOST_ONCE)
def once() -> str:
    """Start only once."""
    return "once"


@app.task
def parent(value: int) -> int:
    """Wait for the task of another handler."""
    return int(str(note.enqueue(value).result())) + 1


@app.task
async def parent_async(value: int) -> int:
    """As `parent`, async, for one that is async, too."""
    child = await mail.enqueue_async(value)
    return int(str(await child.result_async())) + 1


@app.task
def tells() -> None:
    """Tell how far it has come."""
    current_task().progress(1, 2, "half")
    current_task().log("begun")


@app.task
def unstorable() -> object:
    """Return what no codec carries."""
    return object()


@app.task
def again() -> None:
    """Enqueue itself without a pause."""
    again.enqueue()
