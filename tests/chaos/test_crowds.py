"""Many workers that start at the same time, and reconnect at the same time after an outage."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise

import pytest

from redisched import Scheduler
from redisched.chaos import Server
from redisched.store.broker import Broker, BrokerClient, connect
from tests.engine.running import RunningWorker, counts
from tests.waiting import wait_until

pytestmark = pytest.mark.fault

TRY_S = 2.0
OUTAGE_S = 4.0
"""Later on, each client tries to reach the server every second or two."""
RETURN_S = 4.0
SLICE_S = 0.1
LARGEST_SHARE = 0.5
"""The largest share of all new connections in one slice of the time after an outage."""


def connections_made(client: BrokerClient) -> int:
    """How many connections the server has accepted since it started."""
    facts: bytes = client.perform(("INFO", "stats"))
    return next(int(line.partition(b":")[2]) for line in facts.splitlines() if line.startswith(b"total_connections_"))


def watch_return(broker: Broker) -> Iterator[tuple[float, int]]:
    """The number of connections made in each slice of time while workers reconnect."""
    client = broker.open_client("test")
    began_s = time.monotonic()
    for number in range(round(RETURN_S / SLICE_S)):
        over_s = began_s + number * SLICE_S
        wait_until(lambda: time.monotonic() >= over_s, "the slice is over")  # noqa: B023 - waited for right here
        yield over_s, connections_made(client)
    client.close()


@pytest.mark.parametrize("workers", [20, pytest.param(200, marks=pytest.mark.chaos)])
def test_t27_workers_that_reconnect_together_do_not_overload_the_server(workers: int) -> None:
    with Server() as server, ExitStack() as stack:
        broker = connect(server.url, TRY_S)
        stack.callback(broker.close)
        apps = [Scheduler(broker=connect(server.url, TRY_S)) for _ in range(workers)]
        for app in apps:
            app.task(name="nothing")(lambda: None)
        running = [stack.enter_context(RunningWorker(app, concurrency=1)) for app in apps]
        apps[0].enqueue_many([apps[0].request("nothing") for _ in range(workers)])
        wait_until(lambda: counts(broker).finished == workers, "all tasks are done", 60)

        server.kill()
        broker.close()
        over_s = time.monotonic() + OUTAGE_S
        wait_until(lambda: time.monotonic() > over_s, "the outage is over")
        server.start()
        made = [count for _, count in watch_return(broker)]
        apps[0].enqueue_many([apps[0].request("nothing") for _ in range(workers)])
        wait_until(lambda: counts(broker).leased + counts(broker).ready == 0, "all tasks are done again", 60)

        assert not any(worker.has_ended for worker in running)
        assert made[-1] > workers, "the workers have not reconnected"
        assert max(later - earlier for earlier, later in pairwise(made)) < LARGEST_SHARE * made[-1]
