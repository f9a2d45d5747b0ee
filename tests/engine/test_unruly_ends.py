"""However a handler ends, its task ends visibly, and the worker and its other handlers go on: also when the code of its
error or of its result raises whatever it is asked.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from redisched import Reject, Retry, RetryLater, Scheduler, Snooze
from redisched.codec import decode_failure
from redisched.errors import CancelRequested, LeaseLost
from redisched.store.values import Ack, Bury, FailedAttempt
from tests.engine.executor_bench import Bench, on_bench


class TextExits(Exception):
    def __str__(self) -> str:
        raise SystemExit(9)


class TextIsCancelled(Exception):
    def __str__(self) -> str:
        raise asyncio.CancelledError


class HidesItsClass(Exception):
    @property
    def __class__(self) -> Any:
        raise RuntimeError("outside of a request")

    @__class__.setter
    def __class__(self, _other: Any) -> None: ...


class Nameless(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("no name")


class OfNamelessClass(Exception, metaclass=Nameless):
    pass


class LaterWithoutPause(RetryLater):
    def __init__(self) -> None: ...


class SnoozeUntilNever(Snooze):
    def __init__(self) -> None:
        self.pause_s = float("nan")


class RejectWithoutReason(Reject):
    def __init__(self) -> None: ...


class Proxy:
    @property
    def __class__(self) -> Any:
        raise RuntimeError("outside of a request")

    @__class__.setter
    def __class__(self, _other: Any) -> None: ...


class ReprExits:
    def __repr__(self) -> str:
        raise SystemExit(9)


@dataclass
class Receipt:
    order: int

    def __getattribute__(self, name: str) -> Any:
        if name == "order":
            raise ZeroDivisionError("no order")
        return object.__getattribute__(self, name)


def exits(_attempt: int, _error: BaseException) -> float:
    raise SystemExit(4)


def is_cancelled(_attempt: int, _error: BaseException) -> float:
    raise asyncio.CancelledError


def raising(error: BaseException | type[BaseException]) -> Callable[[], Any]:
    def work() -> Any:
        raise error

    return work


def returning(result: object) -> Callable[[], Any]:
    return lambda: result


def receipt() -> Receipt:
    return Receipt(1)


ENDS: dict[str, tuple[Callable[[], Any], type, dict[str, Any]]] = {
    "text exits": (raising(TextExits()), FailedAttempt, {}),
    "text is cancelled": (raising(TextIsCancelled()), FailedAttempt, {}),
    "hides its class": (raising(HidesItsClass()), FailedAttempt, {}),
    "class without a name": (raising(OfNamelessClass()), FailedAttempt, {}),
    "retry without a pause": (raising(LaterWithoutPause()), FailedAttempt, {}),
    "snooze of no length": (raising(SnoozeUntilNever()), FailedAttempt, {}),
    "reject without a reason": (raising(RejectWithoutReason()), Bury, {}),
    "backoff exits": (raising(ValueError("no")), FailedAttempt, {"retry": Retry(backoff=exits)}),
    "backoff is cancelled": (raising(ValueError("no")), FailedAttempt, {"retry": Retry(backoff=is_cancelled)}),
    "lease of another task": (raising(LeaseLost()), FailedAttempt, {}),
    "cancellation of another task": (raising(CancelRequested()), FailedAttempt, {}),
    "proxy as result": (returning(Proxy()), Bury, {}),
    "repr of the result exits": (returning(ReprExits()), Bury, {}),
    "encoding the result raises": (receipt, Bury, {}),
}


@pytest.mark.parametrize("kind", ["thread", "loop"])
@pytest.mark.parametrize("end", ENDS)
def test_it_ends_visibly_and_the_next_handler_runs(end: str, kind: str) -> None:
    app = Scheduler()
    work, settled_as, options = ENDS[end]

    if kind == "thread":
        app.task(name="work", **options)(work)
    else:

        async def on_loop() -> Any:
            await asyncio.sleep(0)
            return work()

        on_loop.__annotations__ = work.__annotations__
        app.task(name="work", **options)(on_loop)

    @app.task(name="next")
    def following() -> str:
        return "whole"

    async def use(bench: Bench) -> None:
        for id in "abc":
            bench.give("work", id=id)
            assert type((await bench.completion()).settlement) is settled_as
        bench.give("next", id="d")
        assert type((await bench.completion()).settlement) is Ack
        assert bench.executor.free == 2
        assert not bench.executor.failure.done()

    on_bench(app, use)


def test_what_encoding_a_result_raises_is_the_reason() -> None:
    app = Scheduler()
    app.task(name="work")(receipt)

    async def use(bench: Bench) -> None:
        bench.give("work")
        settlement = (await bench.completion()).settlement
        assert isinstance(settlement, Bury)
        said = decode_failure(settlement.failure).error
        assert said == "result of work: encoding it raised ZeroDivisionError: no order"

    on_bench(app, use)


@pytest.mark.parametrize("told", [LeaseLost, CancelRequested])
def test_what_the_worker_has_told_is_about_its_own_task(told: type[LeaseLost] | type[CancelRequested]) -> None:
    app = Scheduler()

    @app.task(name="work")
    async def work() -> None:
        await asyncio.Event().wait()

    async def use(bench: Bench) -> None:
        task = bench.give("work")
        await bench.turn()
        bench.executor.interrupt(task, told)
        settlement = (await bench.completion()).settlement
        assert settlement is None if told is LeaseLost else isinstance(settlement, Ack)

    on_bench(app, use)
