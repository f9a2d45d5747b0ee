"""A copy of the worker that a handler forked closes none of the resources, whose sockets it shares with the worker."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated

import pytest

from redisched import Resource, Scheduler
from redisched.store.broker import Broker
from tests.engine.isolation.app import exit_code_of, leave_as
from tests.engine.running import work_off


@pytest.mark.parametrize(("way", "code"), [("return", 0), ("raise", 1)])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_fork_of_a_handler_closes_nothing(broker: Broker, tmp_path: Path, kind: str, way: str, code: int) -> None:
    app, closed = Scheduler(broker=broker), tmp_path / "closed"

    def own() -> Iterator[str]:
        try:
            yield "open"
        finally:
            with closed.open("a") as notes:
                notes.write(f"{os.getpid()}\n")

    async def own_async() -> AsyncIterator[str]:
        for value in own():
            yield value

    def fork(own: str) -> list[object]:
        child = os.fork()
        if child == 0:
            leave_as(way)
            return []
        return [own, exit_code_of(child)]

    if kind == "sync":

        @app.task(name="fork")
        def in_thread(own: Annotated[str, Resource(own, per="task")]) -> list[object]:
            return fork(own)

    else:

        @app.task(name="fork")
        async def on_loop(own: Annotated[str, Resource(own_async, per="task")]) -> list[object]:
            return fork(own)

    ref = app.enqueue("fork")
    work_off(app)

    assert ref.result(5) == ["open", code]
    assert closed.read_text() == f"{os.getpid()}\n"
