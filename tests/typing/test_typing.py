"""mypy accepts correct use of redisched, and reports wrong use at the line where it is.

The programs are not run. Where a line ends with `# error: CODE...`, mypy must report these errors there, and no others.
`assert_type` is an error if the type differs.
"""

from pathlib import Path

import pytest

from tests.typing import resources
from tests.typing.checking import errors_in

PROGRAM = """\
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, assert_type

from redisched import (
    AttemptFailure,
    Codec,
    Delivery,
    Ended,
    EnqueueContext,
    Isolation,
    Keep,
    OnDuplicate,
    Priority,
    Reject,
    Retry,
    RetryLater,
    Scheduler,
    Snooze,
    TaskContext,
    TaskRef,
    TaskRequest,
    TaskState,
    WorkerInfo,
    as_completed,
    current_task,
    exponential,
    fixed,
    gather,
    gather_async,
    gather_ended,
    linear,
    never,
)
from redisched.client.dead_tasks import DiscardOutcome, ReplayOutcome
from redisched.client.selecting import Change
from redisched.client.verbs import CancelOutcome, ChangeOutcome

app = Scheduler()


@dataclass
class Box:
    size: int


@app.task
def double(number: int) -> int:
    return 2 * number


@app.task(queue="mail", priority=Priority.HIGH, max_attempts=8, timeout=30, retention=timedelta(minutes=1))
async def fetch(url: str, *, depth: int = 1) -> bytes:
    return b""


@app.task(
    retry=Retry.match({(OSError, TimeoutError): fixed(1), ValueError: never}, backoff=exponential(1), within="6h"),
    deadline=timedelta(hours=1),
    expires=30,
    delivery="at_least_once",
    isolation=Isolation.PROCESS,
    timeout=30,
    timeout_grace=timedelta(seconds=5),
    keep=Keep.TASK,
)
def charge(order: int) -> float:
    context = current_task()
    assert_type(context.remaining_s, float | None)
    context.extend(60)
    context.extend(timedelta(minutes=1))
    context.extend("60")  # error: arg-type
    context.checkpoint({"done": 3})
    if not order:
        raise Reject("no order")
    raise Snooze(60) if context.attempt == 1 else RetryLater(timedelta(minutes=1))


@app.task(unique="order:{order}", unique_for="until_started", on_duplicate=OnDuplicate.DEBOUNCE, debounce_max=60)
def index(order: int) -> None: ...


@app.task(unique=lambda order: order, unique_for=timedelta(1), on_duplicate="reject", delivery=Delivery.AT_MOST_ONCE)
def report(order: int) -> None: ...


@app.task
def pack(box: Box, *places: Path, within: timedelta = timedelta(0)) -> Box:
    return box


assert_type(pack.enqueue(Box(1), Path("a"), within=timedelta(1)), TaskRef[Box])
assert_type(pack.enqueue(Box(1)).result(), Box)
pack.enqueue({"size": 1})  # error: arg-type
pack.enqueue(Box(1), "a")  # error: arg-type


class TextCodec:
    name = "text"

    def encode(self, value: Any, /) -> Any:
        return str(value)

    def decode(self, encoded: Any, annotation: Any, /) -> Any:
        return annotation(encoded)


class HalfCodec:
    name = "half"


codec: Codec = TextCodec()
Scheduler(codec=TextCodec())
Scheduler(codec=HalfCodec())  # error: arg-type


assert_type(double(1), int)
assert_type(double.enqueue(1), TaskRef[int])
assert_type(double.enqueue(number=1), TaskRef[int])
assert_type(double.enqueue(1).result(timeout=5), int)
assert_type(double.enqueue(1).status(), TaskState)
assert_type(double.enqueue(1).cancel(), CancelOutcome)
assert_type(double.request(1), TaskRequest)
assert_type(double.options(delay=5, priority=1).enqueue(1), TaskRef[int])
coroutine = assert_type(fetch("a"), Coroutine[Any, Any, bytes])
assert_type(fetch.enqueue("a", depth=2).result(), bytes)
assert_type(fetch.options(run_at=datetime.now(), id="a").enqueue("a"), TaskRef[bytes])
assert_type(app.enqueue("billing.charge", 42, queue="billing", kwargs={"a": 1}), TaskRef[Any])
assert_type(app.enqueue_many([double.request(1), fetch.request("a")]), list[TaskRef[Any]])
assert_type(charge.options(deadline=None, expires=datetime.now(), timeout=None).enqueue(1), TaskRef[float])
assert_type(index.options(unique=None).enqueue(1).is_new, bool)
assert_type(gather([charge.enqueue(1)]), list[float])
assert_type([one.ref for one in as_completed([charge.enqueue(1)])], list[TaskRef[float]])
assert_type(gather_ended([charge.enqueue(1)], timeout=5), list[Ended[float]])
assert_type(charge.enqueue(1).reschedule(delay=5), ChangeOutcome)
assert_type(charge.enqueue(1).replay_with(2), ReplayOutcome)
assert_type(charge.enqueue(1).discard(), DiscardOutcome)
assert_type(app.select(queue="mail", state=["ready", "dead"], error="no").cancel(), list[Change[CancelOutcome]])
assert_type(app.refs(["a", charge.enqueue(1)]).reprioritize(Priority.LOW), list[Change[ChangeOutcome]])
Retry(backoff=[1, timedelta(minutes=1)], on=OSError, never=(ValueError, KeyError), attempts=3)
Retry(backoff=lambda attempt, error: attempt * 2.0 if isinstance(error, OSError) else None)
Retry(backoff=linear(10, jitter=0.5), within=timedelta(hours=6))
general: TaskRef[object] = double.enqueue(1)


async def produce() -> None:
    assert_type(await fetch("a"), bytes)
    assert_type(await double.enqueue_async(1), TaskRef[int])
    assert_type(await (await fetch.enqueue_async("a")).result_async(), bytes)
    assert_type(await gather_async([charge.enqueue(1)], timeout=timedelta(minutes=1)), list[float])
    await current_task().checkpoint_async([1, 2])
    await double.enqueue_async("x")  # error: arg-type


double.enqueue("x")  # error: arg-type
double.enqueue()  # error: call-arg
double.enqueue(1, 2)  # error: call-arg
double.enqueue(1, delay=5)  # error: call-arg
double.request("x")  # error: arg-type
double.options(delay=5).enqueue("x")  # error: arg-type
double("x")  # error: arg-type
fetch.enqueue("a", deep=2)  # error: call-arg
fetch("a").upper()  # error: attr-defined
double.options(prio=1)  # error: call-arg
double.options(delay="5")  # error: arg-type
double.options(priority=1.5)  # error: arg-type
double.options(retry=Retry())  # error: call-arg
double.options(delivery="at_most_once")  # error: call-arg
double.options(timeout_grace=5)  # error: call-arg
double.options(deadline="1h")  # error: arg-type
double.options(keep="all")  # error: arg-type
double.options(unique=5)  # error: arg-type
double.options(unique_for="done")  # error: arg-type
double.options(on_duplicate="drop")  # error: arg-type
double.options(debounce_max="1h")  # error: arg-type
double.enqueue(1).reprioritize("high")  # error: arg-type
double.enqueue(1).reschedule(5)  # error: call-arg
gather([1])  # error: arg-type
app.select(queue=5)  # error: arg-type
Retry(3)  # error: call-arg
Retry(on="OSError")  # error: arg-type
Retry.match({5: fixed(1)})  # error: dict-item
RetryLater("soon")  # error: arg-type
app.enqueue("charge", queues="billing")  # error: call-arg
app.enqueue(42)  # error: arg-type
app.enqueue_many([double])  # error: list-item
wrong: TaskRef[str] = double.enqueue(1)  # error: assignment
double.enqueue(1).id = "b"  # error: misc


@app.task(quue="mail")  # error: call-overload untyped-decorator
def misspelt() -> None: ...


@app.task(delay=5)  # error: call-overload untyped-decorator
def delayed() -> None: ...


@app.task(delivery="once")  # error: call-overload untyped-decorator
def once() -> None: ...


@app.task(retry=3)  # error: call-overload untyped-decorator
def thrice() -> None: ...


@app.task(unique_for="until_seen")  # error: call-overload untyped-decorator
def seen() -> None: ...


@app.task(timeout_grace="5s")  # error: call-overload untyped-decorator
def patient() -> None: ...

@app.middleware
async def around(ctx: TaskContext, call_next: Callable[[], Awaitable[Any]]) -> Any:
    assert_type(ctx.headers.get("tenant"), str | None)
    return await call_next()


@app.enqueue_middleware
def around_enqueue(ctx: EnqueueContext, call_next: Callable[[], Any]) -> Any:
    ctx.tasks[0].headers["number"] = 5  # error: assignment
    return call_next()


@app.on_dead
def on_dead(ctx: TaskContext, failure: AttemptFailure) -> None:
    assert_type(failure.retry_in_s, float | None)


@app.on_worker_start
async def on_start(worker: WorkerInfo) -> None:
    assert_type(worker.queues, tuple[str, ...])


@app.middleware  # error: type-var
def lonely(ctx: TaskContext) -> None: ...


@app.on_success  # error: type-var
def succeeded(ctx: TaskContext) -> None: ...
"""


PROGRAMS = {"program.py": PROGRAM, "charging.py": resources.CHARGING, "database.py": resources.DATABASE}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, program in PROGRAMS.items():
        (tmp_path / name).write_text(program)
    return tmp_path


def test_mypy_reports_every_wrong_use_and_nothing_else(folder: Path) -> None:
    wanted = {
        (name, number, code)
        for name, program in PROGRAMS.items()
        for number, line in enumerate(program.splitlines(), 1)
        for code in line.partition("# error: ")[2].split()
    }

    found, said = errors_in(folder)

    assert found == wanted, said


@pytest.mark.nightly
def test_it_is_the_same_where_the_module_of_a_resource_comes_from_the_cache(folder: Path) -> None:
    before, _ = errors_in(folder)
    charging = folder / "charging.py"
    charging.write_text(charging.read_text() + "\n")

    after, said = errors_in(folder)

    assert after == before, said
