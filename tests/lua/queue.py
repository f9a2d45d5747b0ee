"""One queue among others, called edge by edge and looked at as a whole."""

from typing import TypeVar

from redisched.codec import DIGEST_BYTES
from redisched.model import BAND
from redisched.store.broker import Broker
from redisched.store.operation import Operation, run
from redisched.store.store import Store
from redisched.store.values import ClaimRequest
from tests.lua.situation import (
    TOKEN,
    WORKER,
    Situation,
    cancelling,
    claimed,
    dead,
    ended,
    leased,
    seed,
    situation_of,
    together,
    waiting,
)
from tests.server_time import NOW_MS

T = TypeVar("T")
QUEUE = "mail"
OTHER_QUEUE = "billing"
FAR_MS = BAND - 1_000
"""The time at which the neighbours have something to do. It is not in this century."""

NEIGHBOURS = together(
    waiting("x-waiting", priority=200, run_at_ms=FAR_MS, tries="1 0 0 3", failure="once"),
    leased("x-leased", ends_ms=FAR_MS, worker="x-worker", tries="1 1 1 4"),
    leased("x-cancelling", ends_ms=FAR_MS, worker="x-worker"),
    cancelling("x-cancelling"),
    claimed("x-worker", "x-nonce", TOKEN, "x-leased", "x-cancelling"),
    dead("x-dead"),
    ended("x-ended", forgotten_ms=FAR_MS),
)
"""Tasks of the same queue, one in every state."""

_ELSEWHERE = together(
    *(waiting(id) for id in "abc"),
    *(leased(id, ends_ms=NOW_MS) for id in "def"),
    *(dead(id) for id in "gh"),
    *(ended(id, forgotten_ms=NOW_MS) for id in "ij"),
    claimed(WORKER, "nonce", TOKEN, "d", "e", "f"),
    {"fence": "7", "reaper": f"{WORKER} 1 0 30000", "wake": ["1"]},
)
"""Another queue, with tasks of the same names."""


class QueueUnderTest:
    """A queue with neighbours, and another queue. No script may ever change these."""

    def __init__(self, broker: Broker, neighbours: Situation) -> None:
        self.broker = broker
        self.store = Store(broker.script_runner, QUEUE)
        self._neighbours = neighbours
        seed(broker, QUEUE, neighbours)
        seed(broker, OTHER_QUEUE, _ELSEWHERE)
        self._elsewhere = situation_of(self.broker, OTHER_QUEUE)

    def given(self, *situations: Situation) -> None:
        """Add these tasks before the test."""
        seed(self.broker, QUEUE, together(*situations))

    def call(self, operation: Operation[T]) -> T:
        """Run one of the store's operations."""
        return run(operation, self.broker.client())

    def situation(self) -> Situation:
        """The content of the queue without the neighbours, after checking that these are unchanged."""
        assert situation_of(self.broker, OTHER_QUEUE) == self._elsewhere, "another queue was touched"
        found = situation_of(self.broker, QUEUE)
        for name, neighbours in self._neighbours.items():
            for id, value in neighbours.items():
                assert found.get(name, {}).pop(id, None) == value, f"the neighbour {id} was touched in {name}"
            if not found[name]:
                del found[name]
        return found


def request(
    nonce: str = "nonce",
    *,
    worker: str = WORKER,
    limit: int = 10,
    ahead_ms: int = 0,
    ahead_limit: int = 0,
    lease_ms: int = 30_000,
    longest_record: int = 256 * 1024 + DIGEST_BYTES,
) -> ClaimRequest:
    """What a worker asks for."""
    return ClaimRequest(
        worker=worker,
        nonce=nonce,
        limit=limit,
        ahead_ms=ahead_ms,
        ahead_limit=ahead_limit,
        lease_ms=lease_ms,
        longest_record=longest_record,
    )
