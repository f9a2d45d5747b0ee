"""How long script calls took, by powers of two. The clients of a worker that is measured tell it of each call."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from redisched.store.broker import AsyncBrokerClient, BrokerClient
from redisched.store.operation import Client, Command
from redisched.store.scripts import load_script, script_names
from redisched.store.subscription import AsyncSubscription

SHORTEST, LONGEST = 7, 23
"""The first bucket has calls below 2^7 us, and the last but one those below 2^23 us."""
BUCKETS = LONGEST - SHORTEST + 2


class Times:
    """The calls of one script: `counts` by bucket, and the sum of all in microseconds."""

    __slots__ = ("counts", "sum_us")

    def __init__(self) -> None:
        self.counts = [0] * BUCKETS
        self.sum_us = 0


class ScriptTimes:
    """The calls of one process. Each of its clients is used by one thread; reading is safe from any."""

    def __init__(self, now_s: Callable[[], float] = time.perf_counter) -> None:
        self.now_s = now_s
        self._by_digest: dict[object, Times] = {}

    def observe(self, command: Command, began_s: float) -> None:
        """Count a command that began at this moment and has been answered now, if it calls a script by its digest."""
        if command[0] != "EVALSHA":
            return
        times = self._by_digest.get(command[1])
        if times is None:
            times = self._by_digest.setdefault(command[1], Times())
        took_us = int((self.now_s() - began_s) * 1e6)
        times.counts[min(max(took_us.bit_length(), SHORTEST), LONGEST + 1) - SHORTEST] += 1
        times.sum_us += took_us

    def by_script(self) -> Mapping[str, Times]:
        """What was counted, by the name of the script."""
        names = _names_by_digest() if self._by_digest else {}
        by_name: dict[str, Times] = {}
        for digest, times in list(self._by_digest.items()):
            whole = by_name.setdefault(names.get(digest, ""), Times())
            # With flags and without, a script has two digests.
            whole.counts = [mine + theirs for mine, theirs in zip(whole.counts, times.counts, strict=True)]
            whole.sum_us += times.sum_us
        return by_name


def _names_by_digest() -> Mapping[object, str]:
    scripts = [load_script(name) for name in script_names()]
    return {digest: script.name for script in scripts for digest in (script.flagged_sha, script.plain_sha)}


class TimedClient:
    """A client under asyncio that tells how long script calls took. Calls that raise are not counted."""

    def __init__(self, client: AsyncBrokerClient, times: ScriptTimes) -> None:
        self._client = client
        self._times = times

    async def perform(self, command: Command) -> Any:
        began_s = self._times.now_s()
        reply = await self._client.perform(command)
        self._times.observe(command, began_s)
        return reply

    async def perform_last(self, *commands: Command) -> Any:
        """As that of the client; several commands are not measured."""
        return await self._client.perform_last(*commands)

    async def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        """As that of the client; pipelines are not measured."""
        return await self._client.perform_all(commands)

    async def primaries(self) -> Mapping[str, AsyncBrokerClient]:
        return await self._client.primaries()

    async def subscribe(self, channel: str) -> AsyncSubscription:
        return await self._client.subscribe(channel)

    async def close(self) -> None:
        await self._client.close()


class TimedBlockingClient(Client):
    """A blocking client that tells how long script calls took. Calls that raise are not counted."""

    def __init__(self, client: BrokerClient, times: ScriptTimes) -> None:
        self._client = client
        self._times = times

    def perform(self, command: Command) -> Any:
        began_s = self._times.now_s()
        reply = self._client.perform(command)
        self._times.observe(command, began_s)
        return reply

    def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        """As that of the client; pipelines are not measured."""
        return self._client.perform_all(commands)

    def close(self) -> None:
        self._client.close()
