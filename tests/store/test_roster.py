"""All workers that are present: each once, on however many pages, and no more pages than are wanted."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from redisched.orders import WorkerState
from redisched.store.broker import Broker
from redisched.store.operation import Command, Operation, ScriptRunner, T, run, run_async
from redisched.store.presence import Deployment, Presence, digest_of
from redisched.store.roster import Roster

OLD = Deployment(version="1").encode()
NEW = Deployment(version="2").encode()
LIVE_MS = 60_000


def said(serves: bytes = OLD, state: WorkerState = WorkerState.WORKING) -> bytes:
    return Presence(deployment=digest_of(serves), state=state.value, live_ms=LIVE_MS).encode()


Page = dict[bytes, bytes]
"""What workers say, by name."""


class PagedRedis:
    """Answers one page of workers after the other, and everything else as if it were empty; notes the pages read."""

    def __init__(self, *pages: Page, live: Iterable[bytes] = ()) -> None:
        self.pages = pages
        self.live = [digest_of(serves).encode() for serves in live]
        self.read: list[int] = []

    def perform(self, command: Command) -> Any:
        if command[0] == "ZRANGEBYSCORE":
            return self.live
        if command[0] == "HMGET":
            return [{digest_of(serves): serves for serves in (OLD, NEW)}[str(digest)] for digest in command[2:]]
        number = int(command[-2])
        self.read.append(number)
        following = (number + 1) % len(self.pages)
        rows = [part for name, presence in self.pages[number].items() for part in (name, b"9", presence)]
        return [b"1", str(following).encode(), *rows]

    def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        return [self.perform(command) for command in commands]


class PagedAsyncRedis:
    """The same under asyncio."""

    def __init__(self, redis: PagedRedis) -> None:
        self._redis = redis

    async def perform(self, command: Command) -> Any:
        return self._redis.perform(command)

    async def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        return self._redis.perform_all(commands)


ROSTER = Roster(ScriptRunner())


def blocking(redis: PagedRedis, operation: Operation[T]) -> T:
    return run(operation, redis)


def under_asyncio(redis: PagedRedis, operation: Operation[T]) -> T:
    return asyncio.run(run_async(operation, PagedAsyncRedis(redis)))


@pytest.mark.parametrize("ask", [blocking, under_asyncio])
def test_each_worker_comes_once_though_it_is_on_two_pages(ask: Callable[[PagedRedis, Operation[Any]], Any]) -> None:
    redis = PagedRedis({b"a": said(), b"b": said()}, {}, {b"b": said(NEW), b"c": said()})
    found = ask(redis, ROSTER.present())
    assert list(found) == ["a", "b", "c"]
    assert {name: worker.name for name, worker in found.items()} == {name: name for name in found}
    assert found["b"].presence.deployment == digest_of(NEW)
    assert redis.read == [0, 1, 2]


def test_no_page_is_read_once_so_many_are_known() -> None:
    redis = PagedRedis({b"a": said(), b"b": said()}, {b"c": said(), b"d": said()}, {b"e": said()})
    assert list(run(ROSTER.present(most=3), redis)) == ["a", "b", "c", "d"]
    assert redis.read == [0, 1]


def test_no_page_is_read_after_one_that_is_enough() -> None:
    redis = PagedRedis({b"a": said()}, {b"b": said(), b"c": said()}, {b"d": said()})
    found = run(ROSTER.present(is_enough=lambda page: any(worker.name == "b" for worker in page)), redis)
    assert list(found) == ["a", "b", "c"]
    assert redis.read == [0, 1]


def test_all_workers_of_a_server_are_found(broker: Broker) -> None:
    roster, client, names = Roster(broker.script_runner), broker.client(), sorted(f"w{number}" for number in range(230))
    for name in names:
        run(roster.introduce(name, said(), digest_of(OLD), OLD, LIVE_MS), client)

    found = run(roster.present(), client)

    assert sorted(found) == names
    assert run(roster.deployments_of(found.values()), client) == {digest_of(OLD): Deployment(version="1")}


def test_pages_are_read_until_each_live_deployment_has_a_worker_that_takes_tasks() -> None:
    quiet = said(NEW, WorkerState.QUIET)
    redis = PagedRedis({b"a": said(), b"b": quiet}, {b"c": said(NEW)}, {b"d": said()}, live=[OLD, NEW])
    live = run(ROSTER.live(0), redis)
    assert ([found.version for found in live.deployments], live.quiet) == (["1", "2"], ())
    assert redis.read == [0, 1]

    redis = PagedRedis({b"a": said(), b"b": quiet}, {b"d": said()}, live=[OLD, NEW])
    live = run(ROSTER.live(0), redis)
    assert [found.version for found in live.quiet] == ["2"]
    assert redis.read == [0, 1]


def test_without_live_deployments_no_page_is_read() -> None:
    redis = PagedRedis({b"a": said()})
    assert run(ROSTER.live(0), redis).deployments == ()
    assert redis.read == []
