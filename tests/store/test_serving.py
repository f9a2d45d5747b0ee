"""A queue is served while it has a reaper, or while a worker is present that says that it serves it."""

from collections.abc import Callable
from typing import Any

import pytest

from redisched.errors import BrokerRefused
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.presence import Deployment, Presence
from redisched.store.roster import Roster
from redisched.store.serving import is_served

LIVE_MS = 15_000


def introduce(broker: Broker, worker: str, deployment: Deployment) -> Roster:
    """Note that a worker of a deployment lives."""
    roster = Roster(broker.script_runner)
    presence = Presence(deployment=worker, live_ms=LIVE_MS).encode()
    run(roster.introduce(worker, presence, worker, deployment.encode(), LIVE_MS), broker.client())
    return roster


def asked(broker: Broker, queue: str) -> bool:
    return run(is_served(broker.script_runner, queue), broker.client())


def test_an_idle_queue_is_served_as_its_worker_says(broker: Broker) -> None:
    roster = introduce(broker, "worker-1", Deployment(queues=("mail", "images")))
    introduce(broker, "worker-2", Deployment(queues=("reports",)))

    assert [asked(broker, queue) for queue in ("mail", "reports", "default")] == [True, True, False]
    run(roster.depart("worker-1"), broker.client())
    assert [asked(broker, queue) for queue in ("mail", "reports")] == [False, True]


def test_a_worker_of_more_queues_than_it_tells_may_serve_any(broker: Broker) -> None:
    introduce(broker, "worker-1", Deployment(queues=("mail",), more_queues=3))

    assert asked(broker, "images")


def test_who_may_not_read_of_workers_takes_the_queue_for_one_that_is_not_served(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    introduce(broker, "worker-1", Deployment(queues=("mail",)))

    def refuse(*_: Any) -> Callable[..., Any]:
        raise BrokerRefused("ZRANGEBYSCORE", "NOPERM")

    monkeypatch.setattr(Roster, "live_deployments", refuse)

    assert not asked(broker, "mail")
