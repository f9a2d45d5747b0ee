"""A signal handler may use the application that it interrupts."""

import signal
from collections.abc import Iterator

import pytest

from redisched import Scheduler
from redisched.identity import IdentitySource
from redisched.store.broker import Broker
from tests.brokers import BrokerKind, Servers


@pytest.fixture
def interrupted() -> Iterator[list[str]]:
    """What the signal handler of a test has done."""
    done: list[str] = []
    previous = signal.getsignal(signal.SIGALRM)
    yield done
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, previous)


@pytest.mark.timeout(60)
def test_a_signal_handler_can_enqueue_while_its_thread_enqueues(servers: Servers, interrupted: list[str]) -> None:
    app = Scheduler(servers.url(BrokerKind.VALKEY))
    handler = app.task(name="work")(lambda: None)
    signal.signal(signal.SIGALRM, lambda *_: interrupted.append(handler.enqueue().id))
    signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
    ids = []
    while len(interrupted) < 50:
        ids += [handler.request().id for _ in range(100)]
        ids.append(handler.enqueue().id)
    signal.setitimer(signal.ITIMER_REAL, 0)

    assert len({*ids, *interrupted}) == len(ids) + len(interrupted)
    app.close()


def test_an_id_made_within_the_making_of_another_differs() -> None:
    given: list[str] = []
    asked = iter(range(3))

    def now_ms() -> int:
        if next(asked, None) is not None:
            given.append(source.next_id())
        return 7

    source = IdentitySource(lambda: 7, lambda bits: 0)
    source._now_ms = now_ms
    given.append(source.next_id())
    assert len(set(given)) == 4


def test_a_signal_handler_may_use_the_broker_while_it_is_made(broker: Broker) -> None:
    app = Scheduler(broker=broker)
    with app._connection._lock, broker._lock:
        app.enqueue("work")
