"""A resource that notes what happens to it, and handlers that take one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

from redisched import Resource, Scheduler


class Box:
    """Notes what happens to it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.opened = 0

    def _open(self) -> str:
        self.opened += 1
        self.said.append("open")
        return f"box {self.opened}"

    def value(self) -> str:
        """A factory that closes nothing."""
        return self._open()

    async def value_async(self) -> str:
        """As `value`."""
        await asyncio.sleep(0)
        return self._open()

    def generator(self) -> Iterator[str]:
        """A factory that closes, and tells how."""
        box = self._open()
        try:
            yield box
        except BaseException as error:
            self.said.append(type(error).__name__)
            raise
        finally:
            self.said.append("close")

    async def generator_async(self) -> AsyncIterator[str]:
        """As `generator`."""
        await asyncio.sleep(0)
        box = self._open()
        try:
            yield box
        except BaseException as error:
            self.said.append(type(error).__name__)
            raise
        finally:
            await asyncio.sleep(0)
            self.said.append("close")

    @contextlib.contextmanager
    def manager(self) -> Iterator[str]:
        """As `generator`, decorated already."""
        yield from self.generator()


FACTORIES = ["value", "value_async", "generator", "generator_async", "manager"]
CLOSING = FACTORIES[2:]


def handler_of(app: Scheduler, kind: str, body: Callable[[Any], Any], resource: Resource, **options: Any) -> Any:
    """A handler that calls `body` with what the resource makes."""
    if kind == "sync":

        @app.task(name="handler", **options)
        def handler(number: int, box: Annotated[str, resource]) -> Any:
            return [number, body(box)]

        return handler
    if kind == "awaitable":

        async def later(number: int, box: str) -> Any:
            await asyncio.sleep(0)
            return [number, body(box)]

        @app.task(name="handler", **options)
        def returns_awaitable(number: int, box: Annotated[str, resource]) -> Any:
            return later(number, box)

        return returns_awaitable

    @app.task(name="handler", **options)
    async def handler_async(number: int, box: Annotated[str, resource]) -> Any:
        await asyncio.sleep(0)
        return [number, body(box)]

    return handler_async
