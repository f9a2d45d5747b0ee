"""Tells many listeners when something has changed. They share one poll, and without listeners there is none."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from http import HTTPStatus
from typing import Any

from redisched.errors import RedischedError
from redisched.jsonable import to_json
from redisched.web.problems import Problem, problem_of

POLL_S = 1.0
ALIVE_S = 15.0
"""A comment is sent to each listener after so long without an event, so that a dead connection is noticed."""
MOST_LISTENERS = 200
_ALIVE = b": alive\n\n"


class Listener:
    """The newest event that one listener has not been sent. Of those that come faster than it reads, all but the newest
    are left out.
    """

    def __init__(self) -> None:
        self._newest: bytes | None = None
        self._is_there = asyncio.Event()

    def tell(self, event: bytes) -> None:
        self._newest = event
        self._is_there.set()

    def wake(self) -> None:
        self._is_there.set()

    async def next(self, within_s: float) -> bytes:
        """The next event; a comment if none comes within so many seconds, or it was woken."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._is_there.wait()
        self._is_there.clear()
        event, self._newest = self._newest, None
        return _ALIVE if event is None else event


class Feed:
    """Looks every `poll_s` while anybody listens, and tells all listeners the record of this kind when it has changed,
    as server-sent events. A problem is an event, too.
    """

    def __init__(
        self,
        kind: str,
        look: Callable[[], Awaitable[dict[str, Any]]],
        poll_s: float = POLL_S,
        alive_s: float = ALIVE_S,
    ) -> None:
        self._kind = kind
        self._look_for = look
        self._poll_s = poll_s
        self._alive_s = alive_s
        self._listeners: set[Listener] = set()
        self._poll: asyncio.Task[None] | None = None
        self._latest: bytes | None = None
        self._has_ended = False

    @property
    def is_polling(self) -> bool:
        """Whether Redis is asked."""
        return self._poll is not None

    def expect_room(self) -> None:
        """Raises Problem if there are too many listeners for another one."""
        if len(self._listeners) >= MOST_LISTENERS:
            sentence = f"{MOST_LISTENERS} others listen already; close some, or ask api/v1/overview"
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "too_many_listeners", sentence, {"Retry-After": "5"})

    def end(self) -> None:
        """End all streams, as the server stops."""
        self._has_ended = True
        for listener in self._listeners:
            listener.wake()

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """What is sent to a new listener, until it goes away. What is known already comes at once."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            if self._latest is not None:
                listener.tell(self._latest)
            if self._poll is None:
                self._poll = asyncio.create_task(self._poll_on(), name="redisched-feed")
            while not self._has_ended:
                yield await listener.next(self._alive_s)
        finally:
            self._listeners.discard(listener)
            if not self._listeners and self._poll is not None:
                self._poll.cancel()
                self._poll = self._latest = None

    async def _poll_on(self) -> None:
        before: tuple[str, Any] | None = None
        while True:
            kind, record = await self._look()
            if (kind, _without_time(record)) != before:
                before = kind, _without_time(record)
                self._latest = f"event: {kind}\ndata: {to_json(record, ensure_ascii=True)}\n\n".encode()
                for listener in self._listeners:
                    listener.tell(self._latest)
            await asyncio.sleep(self._poll_s)

    async def _look(self) -> tuple[str, dict[str, Any]]:
        try:
            return self._kind, await self._look_for()
        except RedischedError as error:
            return "problem", problem_of(error).record


def _without_time(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "now_ms"}
