"""Divides the shards of a worker among wake listeners, as few as the server allows."""

from itertools import count

from redisched.engine.claiming.claimer import Claimer
from redisched.engine.claiming.waiting_clients import WaitingClients
from redisched.engine.claiming.wake_listener import Group, WakeListener
from redisched.engine.service import Service, StartService
from redisched.engine.worker_context import WorkerContext
from redisched.store.broker import Broker
from redisched.store.store import Store

LARGEST_WAIT = 128
"""One command waits for at most so many shards. With more of them, a wake-up would cost Redis more than a claim."""
ALONE = 12
"""Up to so many shards have a listener each, because a listener of one shard gets tasks one round trip earlier."""
MOST_LISTENERS = 256
"""At most so many connections wait. On a cluster a command can wait for one shard only; if there are more shards than
connections, each connection waits for several shards in turn.
"""


class WakeListeners:
    """The wake listeners of a worker. They get more when a queue gets more shards."""

    def __init__(
        self,
        context: WorkerContext,
        broker: Broker,
        claimer: Claimer,
        start_service: StartService,
    ) -> None:
        self._context = context
        self._broker = broker
        self._claimer = claimer
        self._start_service = start_service
        self._services: dict[WakeListener, Service] = {}
        self._clients = WaitingClients(broker, lambda: len(self._services))
        self._places: dict[Store, tuple[Group, WakeListener]] = {}
        self._listener_of: dict[Group, WakeListener] = {}

    def serve(self, store: Store) -> None:
        """Wait for wake-ups of one more shard."""
        group = self._group_with_room(store)
        listener = self._listener_of.get(group)
        if listener is None:
            listener = self._listener_of[group] = self._new_listener()
        self._places[store] = group, listener
        listener.add(group, store)
        if listener not in self._services:
            self._services[listener] = self._start_service("wake listener", listener.step)

    def leave(self, store: Store) -> bool:
        """Stop waiting for a shard. Answers False while a claim to it has no reply yet; then call this again later."""
        if store not in self._places:
            return True
        group, listener = self._places[store]
        if not listener.remove(group, store):
            return False
        del self._places[store]
        if listener.size(group) == 0:
            del self._listener_of[group]
        if listener.groups == 0:
            self._services.pop(listener).cancel()
        return True

    async def end(self) -> None:
        """Stop all listeners."""
        for service in self._services.values():
            await service.end(within_s=0.0)

    async def close(self) -> None:
        """Close the connections that waited; call after `end`."""
        await self._clients.close()

    def _group_with_room(self, store: Store) -> Group:
        if len(self._services) < ALONE:
            return store, 0
        kind = self._broker.group_of(store.keys.wake)
        for number in count():
            listener = self._listener_of.get((kind, number))
            if listener is None or listener.size((kind, number)) < LARGEST_WAIT:
                return kind, number
        raise AssertionError("there is always one that is empty")

    def _new_listener(self) -> WakeListener:
        if len(self._services) >= MOST_LISTENERS:
            return min(self._services, key=lambda listener: listener.groups)
        return WakeListener(self._context, self._clients, self._claimer)
