"""mypy accepts correct use of redisched, and reports wrong use at the line where it is.

The program below is not run. Where a line ends with `# error: CODE...`, mypy must report these errors there, and no
others. `assert_type` is an error if the type differs.
"""

import re
from pathlib import Path

import mypy.api

from tests.house.checkout import ROOT

PROGRAM = """\
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, assert_type

from redisched import Priority, Scheduler, TaskRef, TaskRequest, TaskState
from redisched.client.verbs import CancelOutcome

app = Scheduler()


@app.task
def double(number: int) -> int:
    return 2 * number


@app.task(queue="mail", priority=Priority.HIGH, max_attempts=8, timeout=30, retention=timedelta(minutes=1))
async def fetch(url: str, *, depth: int = 1) -> bytes:
    return b""


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
general: TaskRef[object] = double.enqueue(1)


async def produce() -> None:
    assert_type(await fetch("a"), bytes)
    assert_type(await double.enqueue_async(1), TaskRef[int])
    assert_type(await (await fetch.enqueue_async("a")).result_async(), bytes)
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
app.enqueue("charge", queues="billing")  # error: call-arg
app.enqueue(42)  # error: arg-type
app.enqueue_many([double])  # error: list-item
wrong: TaskRef[str] = double.enqueue(1)  # error: assignment
double.enqueue(1).id = "b"  # error: misc


@app.task(quue="mail")  # error: call-overload untyped-decorator
def misspelt() -> None: ...


@app.task(delay=5)  # error: call-overload untyped-decorator
def delayed() -> None: ...
"""


def test_mypy_reports_every_wrong_use_and_nothing_else(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    wanted = {
        (number, code)
        for number, line in enumerate(PROGRAM.splitlines(), 1)
        for code in line.partition("# error: ")[2].split()
    }

    said, complaints, _ = mypy.api.run(
        [
            "--config-file",
            str(ROOT / "pyproject.toml"),
            "--cache-dir",
            str(tmp_path),
            str(program),
        ]
    )

    found = {
        (int(error[1]), error[2])
        for error in re.finditer(r"program\.py:(\d+): error: .*\[([a-z-]+)\]$", said, re.MULTILINE)
    }
    assert complaints == ""
    assert found == wanted, said
