"""Ends of handlers of which the error, the result or the policy has code that raises whatever it is asked."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redisched import Reject, Retry, RetryLater, Scheduler, Snooze
from redisched.errors import CancelRequested, LeaseLost
from redisched.model import Isolation
from redisched.store.values import Bury, FailedAttempt

KINDS = ("thread", "loop", "isolated", "isolated async")
TARGET = "tests.engine.unruly:app"


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
    "group exits": (raising(BaseExceptionGroup("two", [SystemExit(4), ValueError("no")])), FailedAttempt, {}),
    "group is interrupted": (raising(BaseExceptionGroup("one", [KeyboardInterrupt()])), FailedAttempt, {}),
    "groups": (raising(BaseExceptionGroup("out", [BaseExceptionGroup("in", [SystemExit()])])), FailedAttempt, {}),
    "group of what hides its class": (raising(ExceptionGroup("one", [HidesItsClass()])), FailedAttempt, {}),
    "lease of another task": (raising(LeaseLost()), FailedAttempt, {}),
    "cancellation of another task": (raising(CancelRequested()), FailedAttempt, {}),
    "proxy as result": (returning(Proxy()), Bury, {}),
    "repr of the result exits": (returning(ReprExits()), Bury, {}),
    "encoding the result raises": (receipt, Bury, {}),
}


def name_of(end: str, kind: str) -> str:
    """The handler of this kind that ends so."""
    return f"{end}.{kind}".replace(" ", "_")


def register(app: Scheduler, end: str, kind: str) -> None:
    work, _, options = ENDS[end]
    name = name_of(end, kind)
    isolation = Isolation.PROCESS if "isolated" in kind else Isolation.NONE
    if kind in ("thread", "isolated"):
        app.task(name=name, isolation=isolation, **options)(work)
        return

    async def on_loop() -> Any:
        await asyncio.sleep(0)
        return work()

    on_loop.__annotations__ = work.__annotations__
    app.task(name=name, isolation=isolation, **options)(on_loop)


app = Scheduler()
for _end in ENDS:
    for _kind in KINDS:
        register(app, _end, _kind)


@app.task(name="next")
def following() -> str:
    return "whole"
