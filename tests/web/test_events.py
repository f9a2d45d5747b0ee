"""The stream of events: all listeners share one poll, which rests while nobody listens."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from redisched.client.scheduler import Scheduler
from redisched.errors import BrokerUnavailable
from redisched.web import feed as feed_module
from redisched.web.app import create_app
from redisched.web.feed import Feed
from redisched.web.problems import Problem
from tests.waiting import wait_until
from tests.web.served import serving


class Looks:
    """Records to look at, and how often anybody did."""

    def __init__(self) -> None:
        self.record: dict[str, Any] = {"ready": 0, "now_ms": 0}
        self.error: Exception | None = None
        self.count = 0
        self._has_looked = asyncio.Event()

    async def __call__(self) -> dict[str, Any]:
        self.count += 1
        self._has_looked.set()
        self.record["now_ms"] += 1
        if self.error is not None:
            raise self.error
        return dict(self.record)

    async def more(self, count: int = 3) -> None:
        """Wait until Redis was asked some more times."""
        for _ in range(count):
            self._has_looked.clear()
            await self._has_looked.wait()


async def event(stream: AsyncIterator[bytes]) -> tuple[str, Any]:
    """The kind and the data of the next event."""
    kind, data = (await anext(stream)).decode().strip().splitlines()
    return kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def assert_rests(feed: Feed) -> None:
    assert not feed.is_polling


def test_a_listener_is_told_at_once_and_then_of_changes_only() -> None:
    async def listen() -> None:
        looks = Looks()
        feed = Feed("overview", looks, poll_s=0)
        async with aclosing(feed.stream()) as stream:
            assert await event(stream) == ("overview", {"ready": 0, "now_ms": 1})
            waiting = asyncio.ensure_future(anext(stream))
            await looks.more()
            assert not waiting.done()
            looks.record["ready"] = 7
            kind, data = (await waiting).decode().strip().splitlines()
            assert (kind, json.loads(data.removeprefix("data: "))["ready"]) == ("event: overview", 7)

    asyncio.run(listen())


def test_all_listeners_share_one_poll_which_ends_with_the_last() -> None:
    async def listen() -> None:
        looks = Looks()
        feed = Feed("overview", looks, poll_s=3_600)
        async with aclosing(feed.stream()) as first:
            await anext(first)
            async with aclosing(feed.stream()) as second:
                assert (await event(second))[1]["now_ms"] == 1
            assert feed.is_polling, "the first still listens"
        assert looks.count == 1
        assert_rests(feed)
        async with aclosing(feed.stream()) as third:
            assert (await event(third))[1]["now_ms"] == 2

    asyncio.run(listen())


def test_a_slow_listener_gets_the_newest_alone() -> None:
    async def listen() -> None:
        looks = Looks()
        feed = Feed("overview", looks, poll_s=0)
        async with aclosing(feed.stream()) as stream:
            await anext(stream)
            for ready in range(1, 50):
                looks.record["ready"] = ready
                await looks.more(1)
            await looks.more()
            assert (await event(stream))[1]["ready"] == 49

    asyncio.run(listen())


def test_a_redis_that_is_away_is_an_event_and_so_is_its_return() -> None:
    async def listen() -> None:
        looks = Looks()
        looks.error = BrokerUnavailable("no answer", 1.0)
        async with aclosing(Feed("overview", looks, poll_s=0).stream()) as stream:
            kind, problem = await event(stream)
            assert (kind, problem["code"]) == ("problem", "redis_unavailable")
            looks.error = None
            assert (await event(stream))[0] == "overview"

    asyncio.run(listen())


def test_a_listener_hears_that_the_connection_lives() -> None:
    async def listen() -> None:
        feed = Feed("overview", Looks(), poll_s=3_600, alive_s=0.01)
        async with aclosing(feed.stream()) as stream:
            await anext(stream)
            assert await anext(stream) == b": alive\n\n"

    asyncio.run(listen())


def test_there_is_an_end_to_how_many_may_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "MOST_LISTENERS", 1)

    async def listen() -> None:
        feed = Feed("overview", Looks())
        feed.expect_room()
        async with aclosing(feed.stream()) as stream:
            await anext(stream)
            with pytest.raises(Problem, match="others listen already") as refused:
                feed.expect_room()
            assert refused.value.status == 503
        feed.expect_room()

    asyncio.run(listen())


def test_a_listener_over_http_is_told_and_forgotten_when_it_goes(
    tasks: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeds: list[Feed] = []

    def make_feed(kind: str, look: Any) -> Feed:
        feeds.append(Feed(kind, look, poll_s=0.01))
        return feeds[0]

    monkeypatch.setattr("redisched.web.app.Feed", make_feed)
    with serving(create_app(tasks)) as served:
        with served.listen() as listening:
            assert next(listening)["ready"] == 0
            tasks.enqueue("add")
            # Its queue may be seen before it.
            assert next(overview["ready"] for overview in listening if overview["ready"]) == 1
            assert feeds[0].is_polling
        wait_until(lambda: not feeds[0].is_polling, "the poll rests once the listener is gone")
