"""The clients with which wake listeners wait, and for how long they wait."""

from collections.abc import Callable

from redisched.engine.claiming.claimer import BLOCK_S
from redisched.store.broker import AsyncBrokerClient, Broker

MOST_SPREAD = 8
"""With several listeners, each wait lasts longer, up to so many times, so that all listeners together send few
commands.
"""


class WaitingClients:
    """Clients for commands that block. Listeners that wait equally long share a client, each with a connection of its
    own. `listeners` answers how many listeners the worker has.
    """

    def __init__(self, broker: Broker, listeners: Callable[[], int]) -> None:
        self._broker = broker
        self._listeners = listeners
        self._clients: dict[int, AsyncBrokerClient] = {}

    @property
    def longest_block_s(self) -> int:
        """How long a wait lasts if a listener has nothing else to wait for."""
        return int(BLOCK_S * min(self._listeners(), MOST_SPREAD))

    async def get(self, block_s: int) -> AsyncBrokerClient:
        """A client for commands that block for so many seconds. Clients for other times are closed."""
        for other_s, other in list(self._clients.items()):
            if other_s != block_s:
                await other.close()
        client = self._clients.get(block_s)
        if client is None:
            timeout_s = block_s + self._broker.timeout_s
            client = self._clients[block_s] = self._broker.open_async_client(timeout_s, "listener")
        return client

    async def close(self) -> None:
        """Close the connections that are idle."""
        for client in self._clients.values():
            await client.close()
