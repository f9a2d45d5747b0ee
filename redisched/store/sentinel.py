"""The route to a primary that Sentinels watch: a Sentinel is asked for the primary, and that server is asked for its
role.

The primary is used until a command fails because the connection is lost or the server is a replica. Then all
connections are closed, and the next try asks a Sentinel again. Besides, a Sentinel is asked every second: after an
operator has replaced a primary, the old one goes on answering for some ten seconds, and everything that is written to
it is lost.
"""

import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from redisched.address import Address, Node
from redisched.errors import AccessDenied, BrokerError, BrokerRefused, BrokerUnavailable
from redisched.store.operation import Command
from redisched.store.route import ASKED, Ask, RoutePlan, Send, Stream, sum_up

ASK_AGAIN_S = 1.0
LEFT_ALONE_S = 30.0
"""If a Sentinel does not answer while the primary does, no Sentinel is asked for so long, because a call waits for
it.
"""

_QUESTION = "SENTINEL GET-MASTER-ADDR-BY-NAME"


class SentinelRoute:
    """The route to the primary. `random` draws from [0, 1)."""

    def __init__(self, address: Address, monotonic: Callable[[], float], random: Callable[[], float]) -> None:
        self._address = address
        self._monotonic = monotonic
        self._sentinels = sorted(address.nodes, key=lambda _: random())
        self._primary: Node | None = None
        self._ask_again_at_s = 0.0
        self.epoch = 0

    @property
    def nodes(self) -> Collection[Node]:
        return () if self._primary is None else (self._primary,)

    def perform(self, commands: tuple[Command, ...]) -> RoutePlan[Any]:
        """Send commands together; answers the reply to the last."""
        primary = yield from self._current()
        try:
            return (yield Send(primary, commands))
        except BrokerUnavailable:
            self._lose(primary)
            raise

    def perform_all(self, commands: Iterable[Command]) -> RoutePlan[list[Any]]:
        """Perform a pipeline; answers the replies up to the first error."""
        try:
            primary = yield from self._current()
        except BrokerError:
            return []
        replies: list[Any] = yield Stream(primary, commands)
        return replies

    def primaries(self) -> RoutePlan[Sequence[Node]]:
        """The primary, the only server that takes writes."""
        return [(yield from self._current())]

    def _lose(self, primary: Node) -> None:
        # Another caller may have found a new primary meanwhile, which stays.
        if self._primary == primary:
            self._primary = None
            self.epoch += 1

    def _current(self) -> RoutePlan[Node]:
        now_s = self._monotonic()
        if self._primary is not None and now_s >= self._ask_again_at_s:
            # Set before asking, so that other callers do not wait for the answer, too.
            self._ask_again_at_s = now_s + ASK_AGAIN_S
            yield from self._ask_again(self._primary)
        return self._primary or (yield from self._find())

    def _ask_again(self, known: Node) -> RoutePlan[None]:
        """Ask a Sentinel for the primary, and use another one if it names one. If that fails, the known one is kept."""
        sentinel = self._sentinels[0]
        try:
            named = yield from self._named(sentinel)
        except (BrokerRefused, BrokerUnavailable):
            self._put_last(sentinel)
            self._ask_again_at_s = self._monotonic() + LEFT_ALONE_S
            return
        if named != known:
            with contextlib.suppress(BrokerRefused, BrokerUnavailable):
                yield from self._check(named, sentinel, set())
                self._go_to(named)

    def _go_to(self, primary: Node) -> None:
        if self._primary != primary:
            self._primary = primary
            self.epoch += 1

    def _put_last(self, sentinel: Node) -> None:
        """Move a Sentinel to the end of the list, so that the others are asked first next time."""
        self._sentinels = [other for other in self._sentinels if other != sentinel] + [sentinel]

    def _find(self) -> RoutePlan[Node]:
        errors: list[BrokerRefused | BrokerUnavailable] = []
        silent: set[Node] = set()
        for sentinel in self._sentinels[:ASKED]:
            try:
                primary = yield from self._named(sentinel)
                yield from self._check(primary, sentinel, silent)
            except (BrokerRefused, BrokerUnavailable) as error:
                errors.append(error)
                self._put_last(sentinel)
            else:
                self._go_to(primary)
                self._ask_again_at_s = self._monotonic() + ASK_AGAIN_S
                return primary
        raise sum_up(errors, f"no Sentinel leads to a primary named {self._address.primary!r}", _QUESTION)

    def _named(self, sentinel: Node) -> RoutePlan[Node]:
        """The primary that a Sentinel names. Raises BrokerUnavailable and BrokerRefused."""
        try:
            found = yield Ask(self._address.sentinel(sentinel), (*_QUESTION.split(), self._address.primary))
        except BrokerUnavailable as error:
            raise BrokerUnavailable(f"Sentinel {sentinel} does not answer: {error.reason}", 0.0) from error
        except AccessDenied as error:
            raise AccessDenied(error.call, f"Sentinel {sentinel}: {error.reason}") from error
        except BrokerRefused as error:
            raise BrokerRefused(error.call, f"is {sentinel} a Sentinel? {error.reason}") from error
        if found is None:
            raise BrokerRefused(
                _QUESTION, f"Sentinel {sentinel} watches no primary named {self._address.primary!r}; correct the URL"
            )
        return Node(found[0].decode(), int(found[1]))

    def _check(self, primary: Node, sentinel: Node, silent: set[Node]) -> RoutePlan[None]:
        """Ask a server whether it is a primary. Raises BrokerUnavailable if it is not or does not answer, and
        BrokerRefused. Servers in `silent` did not answer before and are not asked again.
        """
        if primary in silent:
            raise BrokerUnavailable(f"Sentinel {sentinel} names it as well", 0.0)
        try:
            role = yield Ask(self._address.server(primary), ("ROLE",))
        except BrokerUnavailable as error:
            silent.add(primary)
            reason = f"{primary}, which Sentinel {sentinel} names, does not answer: {error.reason}"
            raise BrokerUnavailable(reason, 0.0) from error
        if role[0] != b"master":
            raise BrokerUnavailable(f"{primary}, which Sentinel {sentinel} names, is a read only replica", 0.0)
