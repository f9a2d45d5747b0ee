"""What runs in a Task of its own ends neither the event loop nor the worker."""

import asyncio
import logging
import socket
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from redisched.context import running
from redisched.engine.event_loop import resolve_names_apart, run_to_its_end
from redisched.engine.own_task import own_task


async def turns() -> None:
    """Let the event loop run what is ready."""
    for _ in range(3):
        passed = asyncio.Event()
        asyncio.get_running_loop().call_soon(passed.set)
        await passed.wait()


async def exits() -> None:
    sys.exit(7)


async def interrupts() -> None:
    raise KeyboardInterrupt


def run(main: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner() as runner:
        return run_to_its_end(runner.get_loop().create_task(main))


@pytest.mark.parametrize("work", [exits, interrupts])
def test_who_awaits_a_task_that_exits_gets_the_error(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def main() -> str:
        try:
            await asyncio.create_task(work())
        except (SystemExit, KeyboardInterrupt) as error:
            return type(error).__name__
        return "nothing"

    assert run(main()) == {exits: "SystemExit", interrupts: "KeyboardInterrupt"}[work]


def test_an_exit_of_a_callback_is_logged_and_the_loop_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> str:
        asyncio.get_running_loop().call_soon(sys.exit, 3)
        await turns()
        return "whole"

    with caplog.at_level(logging.ERROR):
        assert run(main()) == "whole"
    assert "SystemExit was raised in a Task or a callback" in caplog.text


def test_a_loop_that_is_stopped_goes_on() -> None:
    async def main() -> str:
        asyncio.get_running_loop().stop()
        await turns()
        return "whole"

    assert run(main()) == "whole"


@pytest.mark.parametrize("error", [SystemExit(3), RuntimeError("own")])
def test_what_the_coroutine_itself_raises_goes_through(error: BaseException) -> None:
    async def main() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        run(main())
    assert raised.value is error


def test_only_a_handler_cannot_cancel_a_task_of_the_worker() -> None:
    async def cancel(task: asyncio.Task[Any], *, in_handler: bool) -> None:
        running.set(object() if in_handler else None)  # type: ignore[arg-type]
        task.cancel()

    async def main() -> None:
        event = asyncio.Event()
        task = own_task(event.wait())
        await asyncio.create_task(cancel(task, in_handler=True))
        await turns()
        assert not task.done()
        await asyncio.create_task(cancel(task, in_handler=False))
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(main())


def test_busy_threads_keep_no_name_from_being_looked_up() -> None:
    async def main() -> None:
        loop, release = asyncio.get_running_loop(), threading.Event()
        resolve_names_apart(loop)
        busy = [asyncio.create_task(asyncio.to_thread(release.wait)) for _ in range(100)]
        try:
            async with asyncio.timeout(20):
                assert await loop.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)
        finally:
            release.set()
            await asyncio.gather(*busy)

    asyncio.run(main())
