"""Servers that Sentinels watch, on two sides of a border, and how clients on the smaller side connect to them."""

import random
import time
from dataclasses import replace
from functools import partial
from typing import Any

from redisched.address import ServerAddress
from redisched.chaos import Server, WatchedServers, sentinel
from redisched.chaos.agreement import perform
from redisched.embedded import Persistence, Transport
from redisched.store.broker import Broker, open_async_client, open_client
from redisched.store.routed import AsyncRoutedClient, RoutedClient
from redisched.store.sentinel import SentinelRoute
from redisched.url import parse_address
from tests.chaos.border import Border
from tests.chaos.gates import Side

SIDES = (Side.MINORITY, Side.MAJORITY, Side.MAJORITY, Side.MAJORITY, Side.MINORITY)
"""The ports of the primary, its replica, and three Sentinels."""


class GatedServer(Server):
    """A server that all others know by the address of its gate."""

    def __init__(self, border: Border, side: Side, arguments: tuple[str, ...], persistence: Persistence) -> None:
        super().__init__(arguments=arguments, persistence=persistence, transport=Transport.LOOPBACK)
        _, port = super().address
        self._gate = border.gate(side, port)
        self._arguments += ("--bind-source-addr", side)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the gate."""
        return Side.MAJORITY, self._gate


class GatedReplica(GatedServer):
    """Holds data, and tells its primary the address of its gate."""

    def __init__(self, *place: Any) -> None:
        super().__init__(*place)
        host, port = self.address
        self._arguments += ("--replica-announce-ip", host, "--replica-announce-port", str(port))


class GatedSentinel(GatedServer):
    """Watches, and tells the others the address of its gate."""

    def start(self) -> None:
        super().start()
        host, port = self.address
        perform(self, "SENTINEL", "CONFIG", "SET", "announce-ip", host)
        perform(self, "SENTINEL", "CONFIG", "SET", "announce-port", port)


DOWN_AFTER_MS = 4_000
"""On a busy machine a live primary may be silent for two seconds: with less, Sentinels would fail over once
more, and the tasks that it had taken meanwhile would be lost, too.
"""


class DividedServers(WatchedServers):
    """A primary with one of three Sentinels on the smaller side, its replica with the others on the larger one."""

    def __init__(self, border: Border, **settings: Any) -> None:
        self._border = border
        self._sides = iter(SIDES)
        super().__init__(down_after_ms=DOWN_AFTER_MS, **settings)

    def _server(self, arguments: tuple[str, ...], persistence: Persistence) -> Server:
        make = GatedSentinel if arguments == sentinel() else GatedReplica
        return make(self._border, next(self._sides), arguments, persistence)


def connect_from_minority(url: str, timeout_s: float) -> Broker:
    """As `connect`, for a client on the smaller side."""
    address = parse_address(url)
    route = SentinelRoute(address, time.monotonic, random.random)
    return Broker(
        lambda try_s, _: RoutedClient(address, route, partial(_from_minority, open_client), try_s),
        lambda try_s, _: AsyncRoutedClient(address, route, partial(_from_minority, open_async_client), try_s),
        timeout_s,
    )


def _from_minority(open_one: Any, server: ServerAddress, timeout_s: float) -> Any:
    assert server.node is not None
    host = server.node.host.replace(Side.MAJORITY, Side.MINORITY)
    return open_one(replace(server, node=server.node._replace(host=host)), timeout_s)
