"""The way through a cluster: a command goes to the node that serves the slot of its key.

Where that is, any node tells. It is asked at the first command, and again after a redirection or the loss of a node,
but not by every caller at once; until then a redirection is followed by itself. That a slot is on its way between two
nodes, or without one after a crash, is an outage like any other to those who repeat calls.
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
RELEARN_S = 0.2
"""All clients of a broker together ask for the map no more often than so, give or take a half."""

_QUESTION = "CLUSTER SLOTS"


class ClusterRoute:
    """Leads to the nodes of a cluster. `random` draws from [0, 1)."""

    def __init__(self, address: Address, monotonic: Callable[[], float], random: Callable[[], float]) -> None:
        self._address = address
        self._monotonic = monotonic
        self._random = random
        self._circuit_breaker = CircuitBreaker(monotonic)
        self._map = SlotMap((), (), ())
        self._moved: dict[int, Node] = {}
        self._is_in_doubt = True
        self._patient_until_s = 0.0
        self.epoch = 0

    @property
    def nodes(self) -> Collection[Node]:
        return {*self._map.owners, *self._moved.values()}

    def perform(self, commands: tuple[Command, ...]) -> RoutePlan[Any]:
        """Commands for one slot, sent at once; the reply to the last."""
        yield from self._learn_if_in_doubt()
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
                    self._is_in_doubt = True
                # What came before the last, such as the wait for a wake-up, is over.
                commands = commands[-1:]
            except BrokerUnavailable:
                self._circuit_breaker.failed(node, began_s)
                self._is_in_doubt = True
                raise
            else:
                self._circuit_breaker.answered(node)
                return reply
        raise BrokerUnavailable(f"slot {slot} is moved to and fro; look at CLUSTER NODES", 0.0)

    def perform_all(self, commands: Iterable[Command]) -> RoutePlan[list[Any]]:
        """A pipeline, cut where the node changes; the replies up to the first error."""
        replies: list[Any] = []
        try:
            yield from self._learn_if_in_doubt()
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
            self._is_in_doubt = True
        return replies

    def primaries(self) -> RoutePlan[Sequence[Node]]:
        """Every node that serves slots."""
        self._is_in_doubt, self._patient_until_s = True, 0.0
        yield from self._learn_if_in_doubt()
        return sorted(set(self._map.owners))

    def _placing(self) -> Callable[[Command], Node]:
        """Where each of many commands goes; one without a key, to where the one before it went."""
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
            self._is_in_doubt = True
            raise BrokerUnavailable(f"no node of the cluster serves slot {slot}; look at CLUSTER NODES", 0.0)
        return owner

    def _learn_if_in_doubt(self) -> RoutePlan[None]:
        now_s = self._monotonic()
        if not self._is_in_doubt or (self._map.owners and now_s < self._patient_until_s):
            return
        self._patient_until_s = now_s + RELEARN_S * (0.5 + self._random())
        try:
            learnt = yield from self._learn()
        except BrokerError:
            if not self._map.owners:
                raise
            # What was known last may still lead to nodes that are well.
            return
        before = self.nodes
        self._map, self._moved, self._is_in_doubt = learnt, {}, False
        if self.nodes != before:
            self.epoch += 1

    def _shuffled(self, nodes: Iterable[Node]) -> list[Node]:
        return sorted(dict.fromkeys(nodes), key=lambda _: self._random())

    def _learn(self) -> RoutePlan[SlotMap]:
        complaints: list[BrokerRefused | BrokerUnavailable] = []
        # Those that were named in the URL may be long gone.
        known = [*dict.fromkeys((*self._shuffled(self._map.owners), *self._shuffled(self._address.nodes)))]
        for node in known[:ASKED]:
            try:
                slots = SlotMap.read((yield Ask(self._address.server(node), ("CLUSTER", "SLOTS"))), node)
            except AccessDenied as error:
                complaints.append(AccessDenied(_QUESTION, f"{node}: {error.reason}"))
            except BrokerRefused as error:
                complaints.append(BrokerRefused(_QUESTION, f"is {node} a cluster's? {error.reason}"))
            except BrokerUnavailable as error:
                complaints.append(BrokerUnavailable(f"{node}: {error.reason}", 0.0))
            else:
                if slots.owners:
                    return slots
                complaints.append(BrokerUnavailable(f"{node} knows of no node that serves slots", 0.0))
        raise sum_up(complaints, "no node of the cluster tells its slots", _QUESTION)


class _Counted:
    """Passes commands on, and counts them."""

    def __init__(self, commands: Iterator[Command]) -> None:
        self._commands = commands
        self.count = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Command:
        command = next(self._commands)
        self.count += 1
        return command
