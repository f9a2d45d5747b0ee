"""The same call under the same id is the same task, in whatever way and process its arguments are given."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from redisched import Scheduler
from redisched.errors import Conflict, InvalidOption
from redisched.model import TaskState
from redisched.store.broker import Broker
from tests.brokers import BrokerKind, Servers
from tests.engine.running import work_off

ROOT = Path(__file__).resolve().parents[2]
CALL = """
import sys
from redisched import Scheduler
app = Scheduler(sys.argv[1])

@app.task(name="bill")
def bill(order, tags=None, *, urgent=False, note=""): ...

words = {"alpha", "beta", "gamma", "delta", "epsilon"}
bill.options(id="one").enqueue(42, words, urgent=True, note="x")
bill.options(id="one").enqueue(order=42, note="x", tags=words, urgent=True)
app.enqueue("bill", id="one", kwargs={"note": "x", "tags": words, "order": 42, "urgent": True})
bill.options(id="two").enqueue([{"nested": [words, frozenset(words)]}])
"""


def test_processes_with_different_hash_seeds_make_the_same_task(servers: Servers) -> None:
    url = servers.url(BrokerKind.VALKEY)
    for seed in ("0", "1", "2", "3"):
        subprocess.run(
            [sys.executable, "-c", CALL, url],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            timeout=60,
        )


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    app = Scheduler(broker=broker)

    @app.task(name="bill", timeout=0.05, max_attempts=1)
    def bill(order: int, copies: int = 1, *, note: str = "", **more: Any) -> int:
        return order

    return app


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (((42,), {}), ((), {"order": 42})),
        (((42, 2), {}), ((42,), {"copies": 2})),
        (((42,), {"note": "a", "x": 1}), ((), {"x": 1, "note": "a", "order": 42})),
    ],
)
def test_arguments_by_position_and_by_name_are_the_same_call(app: Scheduler, first: Any, second: Any) -> None:
    for args, kwargs in (first, second):
        app.enqueue("bill", *args, kwargs=kwargs, id="one")
    assert app.ref("one").status() is TaskState.READY


def test_another_call_is_another_task(app: Scheduler) -> None:
    app.enqueue("bill", 42, id="one")
    for kwargs in ({"order": 43}, {"order": 42, "copies": 2}, {"order": 42, "note": "a"}):
        with pytest.raises(Conflict):
            app.enqueue("bill", kwargs=kwargs, id="one")


def test_none_lifts_the_timeout_of_the_handler(broker: Broker) -> None:
    app = Scheduler(broker=broker)

    @app.task(name="wait", timeout=0.02, max_attempts=1)
    def wait() -> str:
        for _ in range(3_000_000):
            pass
        return "whole"

    lifted, limited = wait.options(timeout=None).enqueue(), wait.enqueue()
    work_off(app)
    assert lifted.result(timeout=5) == "whole"
    assert limited.status() is TaskState.DEAD


@pytest.mark.parametrize("option", ["queue", "priority", "delay", "run_at", "id"])
def test_none_counts_as_left_out_for_options_without_a_meaning_of_none(app: Scheduler, option: str) -> None:
    app.enqueue("bill", 1, **{option: None})  # type: ignore[arg-type]  # what a program passes on


@pytest.mark.parametrize("option", ["retention", "keep", "max_attempts", "durable"])
def test_none_is_refused_for_options_where_it_is_ambiguous(app: Scheduler, option: str) -> None:
    with pytest.raises(InvalidOption, match="None is no value") as refusal:
        app.enqueue("bill", 1, **{option: None})  # type: ignore[arg-type]  # bad on purpose
    assert refusal.value.argument == option
    with pytest.raises(InvalidOption, match="None is no value"):
        app.task(**{option: None})  # type: ignore[call-overload]  # bad on purpose
