"""The route through a cluster: a command goes to the node that serves the slot of its key.

Any node tells the slots of all nodes. A node is asked at the first command, and again after a redirection or when a
node does not answer, but not by every caller at the same time. Until the slots are read again, a redirected command
follows its redirection. If a slot is being moved, or has no node after a crash, that is an outage, and callers repeat
the call.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Self

from redisched.address import Address, Node
from redisched.errors import AccessDenied, BrokerError, BrokerRefused, BrokerUnavailable
from redisched.store.circuit_breaker import CircuitBreaker
from redisched.store.operation import Command, Redirected, Redirection
from redisched.store.route import ASKED, Ask, RoutePlan, Send, Stream, sum_up
from redisched.store.slots import SlotMap, slot_of

MOST_REDIRECTIONS = 5
REFRESH_S = 0.2
"""All clients of a broker together read the slots at most once in this time, plus or minus a random half."""

_QUESTION = "CLUSTER SLOTS"


class ClusterRoute:
    """The route to the nodes of a cluster. `random` draws from [0, 1)."""

    def __init__(self, address: Address, monotonic: Callable[[], float], random: Callable[[], float]) -> None:
        self._address = address
        self._monotonic = monotonic
        self._random = random
        self._circuit_breaker = CircuitBreaker(monotonic)
        self._map = SlotMap((), (), ())
        self._moved: dict[int, Node] = {}
        self._map_may_be_stale = True
        self._fresh_until_s = 0.0
        self.epoch = 0

    @property
    def nodes(self) -> Collection[Node]:
        return {*self._map.owners, *self._moved.values()}

    def perform(self, commands: tuple[Command, ...]) -> RoutePlan[Any]:
        """Send commands for one slot together; answers the reply to the last."""
        yield from self._refresh_if_stale()
        slot = slot_of(commands[0])
        node = self._node(slot)
        before: tuple[Command, ...] = ()
        for _ in range(MOST_REDIRECTIONS):
            began_s = self._circuit_breaker.begin_call(node)
            try:
                reply = yield Send(node, before + commands)
            except Redirected as redirected:
                self._circuit_breaker.answered(node)
                node = Node(redirected.host or node.host, redirected.port)
                before = (("ASKING",),) if redirected.kind is Redirection.ASK else ()
                if redirected.kind is Redirection.MOVED:
                    self._moved[redirected.slot] = node
                    self._map_may_be_stale = True
                # Only the last command is repeated. Those before it, such as waiting for a wake-up, are done.
                commands = commands[-1:]
            except BrokerUnavailable:
                self._circuit_breaker.failed(node, began_s)
                self._map_may_be_stale = True
                raise
            else:
                self._circuit_breaker.answered(node)
                return reply
        raise BrokerUnavailable(f"slot {slot} is moved to and fro; look at CLUSTER NODES", 0.0)

    def perform_all(self, commands: Iterable[Command]) -> RoutePlan[list[Any]]:
        """Perform a pipeline, divided where the node changes; answers the replies up to the first error."""
        replies: list[Any] = []
        try:
            yield from self._refresh_if_stale()
            for node, run in groupby(commands, key=self._placing()):
                sent = _Counted(run)
                began_s = self._circuit_breaker.begin_call(node)
                try:
                    answered = yield Stream(node, sent)
                except BrokerUnavailable:
                    self._circuit_breaker.failed(node, began_s)
                    raise
                if answered:
                    self._circuit_breaker.answered(node)
                replies += answered
                if len(answered) < sent.count:
                    break
        except BrokerError:
            self._map_may_be_stale = True
        return replies

    def primaries(self) -> RoutePlan[Sequence[Node]]:
        """Every node that serves slots."""
        self._map_may_be_stale, self._fresh_until_s = True, 0.0
        yield from self._refresh_if_stale()
        return sorted(set(self._map.owners))

    def _placing(self) -> Callable[[Command], Node]:
        """A function that answers the node of each command. A command without a key goes to the node of the one
        before.
        """
        latest: Node | None = None

        def place(command: Command) -> Node:
            nonlocal latest
            slot = slot_of(command)
            if latest is None or slot is not None:
                latest = self._node(slot)
            return latest

        return place

    def _node(self, slot: int | None) -> Node:
        if slot is None:
            owners = self._map.owners
            return owners[int(self._random() * len(owners))]
        owner = self._moved.get(slot) or self._map.owner(slot)
        if owner is None:
            self._map_may_be_stale = True
            raise BrokerUnavailable(f"no node of the cluster serves slot {slot}; look at CLUSTER NODES", 0.0)
        return owner

    def _refresh_if_stale(self) -> RoutePlan[None]:
        now_s = self._monotonic()
        if not self._map_may_be_stale or (self._map.owners and now_s < self._fresh_until_s):
            return
        self._fresh_until_s = now_s + REFRESH_S * (0.5 + self._random())
        try:
            slot_map = yield from self._read_map()
        except BrokerError:
            if not self._map.owners:
                raise
            # The old slots may still be right for nodes that are up.
            return
        before = self.nodes
        self._map, self._moved, self._map_may_be_stale = slot_map, {}, False
        if self.nodes != before:
            self.epoch += 1

    def _shuffled(self, nodes: Iterable[Node]) -> list[Node]:
        return sorted(dict.fromkeys(nodes), key=lambda _: self._random())

    def _read_map(self) -> RoutePlan[SlotMap]:
        errors: list[BrokerRefused | BrokerUnavailable] = []
        # Nodes that serve slots are asked first, because the nodes in the URL may not exist any more.
        known = [*dict.fromkeys((*self._shuffled(self._map.owners), *self._shuffled(self._address.nodes)))]
        for node in known[:ASKED]:
            try:
                slots = SlotMap.read((yield Ask(self._address.server(node), ("CLUSTER", "SLOTS"))), node)
            except AccessDenied as error:
                errors.append(AccessDenied(_QUESTION, f"{node}: {error.reason}"))
            except BrokerRefused as error:
                errors.append(BrokerRefused(_QUESTION, f"is {node} a cluster's? {error.reason}"))
            except BrokerUnavailable as error:
                errors.append(BrokerUnavailable(f"{node}: {error.reason}", 0.0))
            else:
                if slots.owners:
                    return slots
                errors.append(BrokerUnavailable(f"{node} knows of no node that serves slots", 0.0))
        raise sum_up(errors, "no node of the cluster tells its slots", _QUESTION)


class _Counted:
    """An iterator over commands that counts them."""

    def __init__(self, commands: Iterator[Command]) -> None:
        self._commands = commands
        self.count = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Command:
        command = next(self._commands)
        self.count += 1
        return command
