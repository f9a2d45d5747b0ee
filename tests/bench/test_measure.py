"""Every phase, run small: the figures are all there, and nothing of the bench stays in somebody's Redis."""

from collections.abc import Iterator

import pytest

from redisched.bench.phase import Phase
from redisched.bench.scale import Scale
from redisched.bench.session import PHASES, measure
from redisched.embedded import PrivateServer
from redisched.store.broker import Broker, connect

TINY = Scale(
    tasks=40,
    enqueued_one_by_one=10,
    picked_up=3,
    delayed=10,
    delayed_over_s=0.1,
    prioritised=20,
    claims=3,
    small_backlog=5,
    large_backlog=20,
)

KEYS: dict[Phase, dict[str, set[str] | None]] = {
    Phase.FLOOR: {"floor": {"enqueue_per_s", "claim_ack_per_s"}},
    Phase.ENQUEUE_ONE: {"enqueue_one_per_s": None, "enqueue_one_client_per_s": None},
    Phase.ENQUEUE_MANY: {"enqueue_many_per_s": None},
    Phase.ENQUEUE_ASYNC: {"enqueue_async_per_s": None},
    Phase.DRAIN_ASYNC: {"drain_async_per_s": None},
    Phase.DRAIN_SYNC: {"drain_sync_per_s": None},
    Phase.DRAIN_TWO_PROCESSES: {"drain_two_processes_per_s": None},
    Phase.PICKUP: {"pickup_ms": {"p50", "p99"}},
    Phase.LATENESS: {"late_ms": {"p50", "p99", "max", "early"}},
    Phase.MEMORY: {"bytes_per_task": None},
    Phase.REDIS_CPU: {"redis_us_per_task": None},
    Phase.INVERSIONS: {"inversions": None},
    Phase.CLAIM: {"claim_us": {"5", "20"}},
}
"""phase -> its keys, and the keys within each"""

MAY_BE_ZERO = {"early", "inversions", "redis_us_per_task"}
MAY_BE_NEGATIVE = {"p50", "p99", "max"}


@pytest.fixture
def url() -> Iterator[str]:
    with PrivateServer() as server:
        yield server.url


@pytest.fixture
def broker(url: str) -> Iterator[Broker]:
    broker = connect(url, 5.0)
    yield broker
    broker.close()


def leaves(figures: dict[str, object]) -> Iterator[tuple[str, object]]:
    """Every name with a number."""
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from leaves(value)
        else:
            yield name, value


@pytest.mark.parametrize("phase", list(Phase))
def test_a_phase_gives_its_figures_alone_and_leaves_no_key_behind(phase: Phase, url: str, broker: Broker) -> None:
    announced: list[Phase] = []
    figures = measure(url, TINY, [phase], announced.append)
    machine = figures.pop("machine")
    assert announced == [phase]
    assert {name: set(value) if isinstance(value, dict) else None for name, value in figures.items()} == KEYS[phase]
    for name, value in leaves(figures):
        assert isinstance(value, int | float)
        assert not isinstance(value, bool)
        assert value > 0 or name in MAY_BE_NEGATIVE or (value == 0 and name in MAY_BE_ZERO), name
    assert machine.keys() == {"cores", "python", "server", "date"}
    assert broker.client().perform(("KEYS", "*")) == []


def test_every_phase_can_be_measured() -> None:
    assert list(PHASES) == list(Phase) == list(KEYS)


def test_what_was_in_the_redis_before_stays(url: str, broker: Broker) -> None:
    broker.client().perform(("SET", "mine", "1"))
    broker.client().perform(("SADD", "redisched:queues", "mine"))
    measure(url, TINY, [Phase.FLOOR, Phase.ENQUEUE_MANY], lambda _phase: None)
    assert sorted(broker.client().perform(("KEYS", "*"))) == [b"mine", b"redisched:queues"]
    assert broker.client().perform(("SMEMBERS", "redisched:queues")) == [b"mine"]


def test_nothing_is_early_or_inverted(url: str) -> None:
    figures = measure(url, TINY, [Phase.LATENESS, Phase.INVERSIONS], lambda _phase: None)
    assert figures["late_ms"]["early"] == 0
    assert figures["inversions"] == 0
