"""A call that blocks a running event loop causes a warning that names the async method to use instead."""

import asyncio
import contextlib
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from redisched import Scheduler
from redisched.client.blocking import BlockingCall
from redisched.errors import ResultTimeout
from redisched.store.broker import Broker

CALLS: dict[str, Callable[[Scheduler], Any]] = {
    "enqueue": lambda app: app.enqueue("work"),
    "enqueue_many": lambda app: app.enqueue_many([app.request("work")]),
    "status": lambda app: app.ref("one", "default").status(),
    "cancel": lambda app: app.ref("one", "default").cancel(),
    "result": lambda app: app.ref("one", "default").result(timeout=0),
    "grow": lambda app: app.grow("other", 2),
}


def attempted(call: Callable[[Scheduler], Any], app: Scheduler) -> None:
    with contextlib.suppress(ResultTimeout):
        call(app)


@pytest.mark.parametrize(("name", "call"), CALLS.items(), ids=CALLS)
def test_the_warning_names_the_async_method_and_the_calling_line(
    broker: Broker, name: str, call: Callable[[Scheduler], Any]
) -> None:
    app = Scheduler(broker=broker)
    if name != "grow":
        app.enqueue("work", id="one")

    async def blocking() -> None:
        with pytest.warns(BlockingCall, match=rf"^{name}\(\) blocks .* await {name}_async\(\)") as shown:
            attempted(call, app)
        assert [warning.filename for warning in shown] == [__file__]

    asyncio.run(blocking())


def test_async_methods_and_other_threads_cause_no_warning(broker: Broker) -> None:
    app = Scheduler(broker=broker)

    async def fine() -> None:
        await app.enqueue_async("work")
        await asyncio.to_thread(app.enqueue, "work")
        await app.close_async()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        app.enqueue("work")
        asyncio.run(fine())
