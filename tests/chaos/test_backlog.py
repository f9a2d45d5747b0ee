"""T36: millions of tasks are overdue at once, or all their leases have ended: no script blocks the server for long.

With `-n 0 --log-cli-level=info` it logs how long the longest call of each script took.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

import pytest

from redisched import Scheduler
from redisched.chaos import Server
from redisched.chaos.command_names import CommandNames
from redisched.codec import DIGEST_BYTES, encode_task
from redisched.embedded import Persistence
from redisched.keys import keys_of
from redisched.model import Priority, TaskBody, score_of
from redisched.store.broker import Broker, connect
from redisched.store.operation import Command
from tests.brokers import BrokerKind, binary_of
from tests.chaos.invariants import QUEUE, check_places, places_in
from tests.engine.running import RunningWorker, counts
from tests.waiting import wait_until

pytestmark = pytest.mark.fault
log = logging.getLogger(__name__)

SLOW_MS = 100.0
"""The promise is 10 ms. On a busy machine a script waits for the processor, too."""
NOTED_MS = 1.0
TIMEOUT_S = 120.0
RUN = 8_000
"""To run millions would take minutes, and would show nothing more."""
LONG_AGO_MS = 1_000
CHUNK = 1_000
RECORD = bytes(DIGEST_BYTES) + encode_task(TaskBody("swallow"), 1_000)
KEYS = keys_of(QUEUE)


def in_chunks(ids: Iterator[str]) -> Iterator[list[str]]:
    while chunk := list(islice(ids, CHUNK)):
        yield chunk


def overdue(tasks: int) -> Iterator[Command]:
    """Commands that make so many tasks that wait and are due."""
    score = score_of(Priority.NORMAL, LONG_AGO_MS)
    for ids in in_chunks(f"waiting-{number}" for number in range(tasks)):
        yield ("HSET", KEYS.tasks, *(part for id in ids for part in (id, RECORD)))
        yield ("ZADD", KEYS.waiting, *(part for id in ids for part in (score, id)))


def abandoned(tasks: int) -> Iterator[Command]:
    """Commands that make so many tasks that a lost worker has leased."""
    holder = f"1 {score_of(Priority.NORMAL, LONG_AGO_MS)} 1000 gone"
    for ids in in_chunks(f"leased-{number}" for number in range(tasks)):
        yield ("HSET", KEYS.tasks, *(part for id in ids for part in (id, RECORD)))
        yield ("HSET", KEYS.held, *(part for id in ids for part in (id, holder)))
        yield ("ZADD", KEYS.leases, *(part for id in ids for part in (LONG_AGO_MS, id)))


def longest_calls(broker: Broker) -> dict[str, float]:
    """The milliseconds of the longest noted call of each script; they are logged, too.

    The times of bare commands are logged as well: a script waits for the processor as long as a bare command does.
    """
    names = CommandNames()
    calls: dict[str, list[float]] = defaultdict(list)
    for _id, _at, duration_us, words, *_ in broker.client().perform(("SLOWLOG", "GET", -1)):
        calls[names.name_of(tuple(words[:2]))].append(duration_us / 1e3)
    for name, taken_ms in calls.items():
        log.info("%s: %d took over %g ms, the longest %.1f ms", name, len(taken_ms), NOTED_MS, max(taken_ms))
    return {name: max(taken_ms) for name, taken_ms in calls.items() if not name.isupper()}


def is_reaped(broker: Broker) -> bool:
    """Whether no lease of the lost worker is left."""
    count: int = broker.client().perform(("ZCOUNT", KEYS.leases, 0, LONG_AGO_MS))
    return count == 0


@pytest.mark.parametrize("kind", [BrokerKind.VALKEY, BrokerKind.REDIS])
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("waiting", "leased"), [(4_000, 4_000), pytest.param(2_000_000, 1_000_000, marks=pytest.mark.chaos)]
)
def test_t36_no_script_takes_long_with_millions_of_tasks(
    kind: BrokerKind, waiting: int, leased: int, caplog: pytest.LogCaptureFixture
) -> None:
    # To log a line for each of a million tasks takes longer than to take them back.
    caplog.set_level(logging.ERROR, "redisched.worker")
    with Server(binary=binary_of(kind), persistence=Persistence.NONE) as server:
        broker = connect(server.url, TIMEOUT_S)
        app = Scheduler(broker=broker)
        app.task(name="swallow", retention=3_600)(lambda: None)
        perform = broker.client().perform
        for command in (*overdue(waiting), *abandoned(leased)):
            perform(command)
        perform(("CONFIG", "SET", "slowlog-max-len", 1_000_000))
        perform(("CONFIG", "SET", "slowlog-log-slower-than", round(1e3 * NOTED_MS)))
        with RunningWorker(app):
            wait_until(lambda: counts(broker).finished > 0, "claims go on", TIMEOUT_S)
            wait_until(lambda: is_reaped(broker), "all leases are taken back", TIMEOUT_S)
            wait_until(lambda: counts(broker).finished >= RUN, "many tasks have run", TIMEOUT_S)
        assert {name: taken_ms for name, taken_ms in longest_calls(broker).items() if taken_ms > SLOW_MS} == {}
        there = counts(broker)
        assert there.ready + there.finished == waiting + leased
        check_places(places_in(broker))
        app.close()
