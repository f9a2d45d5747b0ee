"""When the health of a worker counts it as in contact with Redis."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise

import pytest

from redisched import Scheduler
from redisched.embedded import PrivateServer
from redisched.engine.fleet import CONTACT_S
from redisched.engine.started import NoStartedTable
from redisched.keys import keys_of
from redisched.store.broker import Broker, connect
from tests.engine.running import SOON, RunningWorker
from tests.waiting import let_pass, wait_until

TIMEOUT_S = 2.0
SERVED = [(1, 1), (1, 4), (1, 12), (1, 1024), (4, 1), (500, 1)]
"""How many queues a worker serves, and how many shards each has."""


@pytest.fixture
def contacts(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The times at which workers of this process noted an answer of Redis."""
    moments: list[float] = []
    monkeypatch.setattr(NoStartedTable, "contact", lambda _, moment_s: moments.append(moment_s))
    return moments


@pytest.fixture
def server() -> Iterator[PrivateServer]:
    with PrivateServer() as server:
        yield server


@pytest.fixture
def app(server: PrivateServer) -> Scheduler:
    app = Scheduler(broker=connect(server.url, TIMEOUT_S))
    app.task(name="note")(lambda: None)
    return app


@pytest.mark.fault
def test_an_idle_worker_is_in_contact_however_many_shards_it_serves(
    app: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: defaultdict[NoStartedTable, list[float]] = defaultdict(list)
    monkeypatch.setattr(NoStartedTable, "contact", lambda worker, moment_s: noted[worker].append(moment_s))
    # All shards are idle at the same time: then contact is rarest.
    with ExitStack() as workers:
        for queues, shards in SERVED:
            names = tuple(f"q-{queues}-{shards}-{number}" for number in range(queues))
            if shards > 1:
                app.grow(names[0], shards)
            workers.enter_context(RunningWorker(app, queues=names))
            app.enqueue("note", queue=names[0]).result(timeout=20)
        began_s = time.monotonic()
        let_pass(CONTACT_S + 5.0, "the workers have nothing to do")
        ended_s = time.monotonic()
        gaps = [longest_gap(began_s, moments, ended_s) for moments in list(noted.values())]
    assert len(gaps) == len(SERVED)
    assert max(gaps) < CONTACT_S, dict(zip(SERVED, gaps, strict=True))


def longest_gap(began_s: float, moments: list[float], ended_s: float) -> float:
    within = [began_s, *(moment for moment in moments if began_s < moment < ended_s), ended_s]
    return max(later - earlier for earlier, later in pairwise(within))


def test_a_worker_has_no_contact_while_every_claim_is_refused(
    app: Scheduler, server: PrivateServer, contacts: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    broker = connect(server.url, TIMEOUT_S)
    refuse_claims(broker, "default")
    with RunningWorker(app, lease_s=1.0, reconnect_backoff=SOON):
        app.enqueue("note")
        wait_until(lambda: "Redis refused claim" in caplog.text, "a claim was refused")
        before = len(contacts)
        let_pass(2.0, "the worker tries in vain")
        assert len(contacts) == before
        broker.client().perform(("DEL", keys_of("default").fence))
        wait_until(lambda: len(contacts) > before, "the worker is in contact again")
    broker.close()


def test_a_worker_keeps_contact_while_one_of_several_queues_refuses(
    app: Scheduler, server: PrivateServer, contacts: list[float]
) -> None:
    broker = connect(server.url, TIMEOUT_S)
    refuse_claims(broker, "ill")
    with RunningWorker(app, queues=("ill", "well"), lease_s=1.0, reconnect_backoff=SOON):
        app.enqueue("note", queue="ill")
        app.enqueue("note", queue="well").result(timeout=10)
        before = len(contacts)
        wait_until(lambda: len(contacts) > before, "the worker is in contact")
    broker.close()


def test_a_worker_has_no_contact_while_redis_is_away(
    app: Scheduler, server: PrivateServer, contacts: list[float]
) -> None:
    with RunningWorker(app, lease_s=1.0, reconnect_backoff=SOON):
        wait_until(lambda: contacts, "the worker is in contact")
        server.kill()
        let_pass(0.5, "answers that came before are taken in")
        before = len(contacts)
        let_pass(1.0, "no server answers")
        assert len(contacts) == before
        server.start()
        wait_until(lambda: len(contacts) > before, "the worker is in contact again")


def refuse_claims(broker: Broker, queue: str) -> None:
    broker.client().perform(("RPUSH", keys_of(queue).fence, "of somebody else"))
