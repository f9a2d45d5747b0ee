"""The metrics of a keyspace: what is in Redis at this moment, within bounds, and nothing once Redis is away."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from redisched import Scheduler
from redisched.errors import BrokerUnavailable
from redisched.metrics import keyspace_reading
from redisched.metrics.catalogue import METRICS, MetricSource
from redisched.metrics.keyspace_reading import KeyspaceReader
from redisched.metrics.of_keyspace import FRESH_S, KeyspaceCollector
from redisched.orders import WorkerState
from redisched.store.broker import Broker
from redisched.store.operation import Operation, run
from redisched.store.presence import Deployment, Presence, digest_of
from redisched.store.repair import Repair
from redisched.store.roster import Roster
from tests.metrics.scraped import Scrape, declared, scrape


@dataclass
class Watched:
    """The metrics of a broker; `asked` counts what Redis was asked, and `error` is raised instead of asking."""

    broker: Broker
    now_s: float = 100.0
    asked: int = 0
    error: Exception | None = None
    each_s: float = 0.0
    collector: KeyspaceCollector = field(init=False)

    def __post_init__(self) -> None:
        reader = KeyspaceReader(self.ask, self.broker.script_runner, lambda: self.now_s)
        self.collector = KeyspaceCollector(reader.read, lambda: self.now_s)

    def ask(self, make: Callable[[], Operation[Any]], /) -> Any:
        if self.error is not None:
            raise self.error
        self.asked += 1
        self.now_s += self.each_s
        return run(make(), self.broker.client())

    def scrape(self) -> Scrape:
        """A scrape that is not answered from the one before."""
        self.now_s += FRESH_S
        return scrape(self.collector)


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    app = Scheduler(broker=broker)
    app.task(name="send", queue="mail")(lambda: None)
    return app


@pytest.fixture
def watched(broker: Broker) -> Watched:
    return Watched(broker)


def introduce(broker: Broker, name: str, *queues: str, slots: int = 4, state: str = "working") -> None:
    serves = Deployment(queues=queues).encode()
    digest = digest_of(serves)
    presence = Presence(slots=slots, state=state, deployment=digest, live_ms=15_000).encode()
    run(Roster(broker.script_runner).introduce(name, presence, digest, serves, 15_000), broker.client())


def test_every_metric_of_the_catalogue_is_exported_as_it_says_and_no_other(app: Scheduler, watched: Watched) -> None:
    app.handler("send").enqueue()
    told = watched.scrape()
    of_keyspace = [metric for metric in METRICS if metric.source is MetricSource.EXPORTER]

    assert declared(told.text) == {metric.name: (metric.type.value, metric.help) for metric in of_keyspace}
    assert told.labels == {metric.name: set(metric.labels) for metric in of_keyspace}


def test_an_empty_keyspace_is_up(watched: Watched) -> None:
    told = watched.scrape()
    assert (told.number("redisched_up"), told.number("redisched_queues")) == (1, 0)
    assert told.numbers("redisched_workers") == {(state.value,): 0 for state in WorkerState}


def test_queues_are_told_as_they_are(app: Scheduler, watched: Watched) -> None:
    for _ in range(3):
        app.handler("send").enqueue()
    app.enqueue("send", queue="mail", delay=3_600)
    app.enqueue("other", queue="idle", delay=3_600)
    app.queue("idle").pause()
    told = watched.scrape()

    states = {key[1]: number for key, number in told.numbers("redisched_queue_tasks").items() if key[0] == "mail"}
    assert states == {"ready": 3, "scheduled": 1, "leased": 0, "dead": 0, "finished": 0}
    assert told.numbers("redisched_queue_paused") == {("mail",): 0, ("idle",): 1}
    assert told.numbers("redisched_queue_shards") == {("mail",): 1, ("idle",): 1}
    assert told.number("redisched_queue_oldest_ready_seconds", queue="idle") == 0
    assert 0 <= told.number("redisched_queue_oldest_ready_seconds", queue="mail") < 60
    assert (told.number("redisched_queues"), told.number("redisched_queues_read")) == (2, 2)


def test_the_oldest_task_tells_how_long_it_has_been_due(app: Scheduler, watched: Watched) -> None:
    app.handler("send").enqueue()
    waiting, client = app.connection.store("mail", 0).keys.waiting, watched.broker.client()
    member, score = client.perform(("ZRANGE", waiting, "0", "-1", "WITHSCORES"))
    client.perform(("ZADD", waiting, str(int(score) - 120_000), member))
    assert 120 <= watched.scrape().number("redisched_queue_oldest_ready_seconds", queue="mail") < 180


def test_repairs_are_told_by_kind(app: Scheduler, watched: Watched) -> None:
    app.handler("send").enqueue()
    repairs = app.connection.store("mail", 0).keys.repairs
    watched.broker.client().perform(("HSET", repairs, Repair.RECORD_LOST.value, 4))
    told = watched.scrape().numbers("redisched_queue_repairs_total")
    assert told == {(kind.value.lower(), "mail"): 4 if kind is Repair.RECORD_LOST else 0 for kind in Repair}


def test_workers_are_told_by_state_and_by_queue(app: Scheduler, watched: Watched) -> None:
    for queue in ("mail", "bills"):
        app.enqueue("send", queue=queue)
    introduce(watched.broker, "a", "mail", "bills")
    introduce(watched.broker, "b", "mail", slots=8)
    introduce(watched.broker, "c", "mail", state="quiet")
    introduce(watched.broker, "d", "elsewhere", state="of a later version")
    told = watched.scrape()

    assert {state: number for (state,), number in told.numbers("redisched_workers").items() if number} == {
        "working": 2,
        "quiet": 1,
        "unknown": 1,
    }
    serving = {key: number for key, number in told.numbers("redisched_queue_workers").items() if number}
    assert serving == {("mail", "working"): 2, ("mail", "quiet"): 1, ("bills", "working"): 1}
    assert told.numbers("redisched_queue_slots") == {("mail",): 12, ("bills",): 4}


def test_while_redis_is_away_nothing_else_is_told_and_then_all_again(app: Scheduler, watched: Watched) -> None:
    app.handler("send").enqueue()
    assert "redisched_queue_tasks" in watched.scrape().names
    watched.error = BrokerUnavailable("away", 1.0)
    told = watched.scrape()
    assert [(sample.name, sample.value) for sample in told.samples] == [("redisched_up", 0)]
    watched.error = None
    assert watched.scrape().number("redisched_queue_tasks", state="ready") == 1


def test_redis_that_goes_away_in_the_middle_leaves_no_half_of_the_numbers(app: Scheduler, watched: Watched) -> None:
    app.handler("send").enqueue()
    asking = watched.ask

    def ask(make: Callable[[], Operation[Any]], /) -> Any:
        if watched.asked == 2:
            raise BrokerUnavailable("away", 1.0)
        return asking(make)

    reader = KeyspaceReader(ask, watched.broker.script_runner, lambda: watched.now_s)
    told = scrape(KeyspaceCollector(reader.read, lambda: watched.now_s))
    assert watched.asked == 2
    assert told.names == {"redisched_up"}


def test_scrapes_within_a_second_ask_redis_once(app: Scheduler, watched: Watched) -> None:
    app.handler("send").enqueue()
    first = watched.scrape()
    asked = watched.asked
    watched.now_s += FRESH_S * 0.9
    assert scrape(watched.collector).text == first.text
    assert watched.asked == asked
    watched.now_s += FRESH_S * 0.2
    scrape(watched.collector)
    assert watched.asked == 2 * asked


def test_a_damaged_queue_is_left_out_and_the_others_are_told(app: Scheduler, watched: Watched) -> None:
    for queue in ("a", "b", "c"):
        app.enqueue("send", queue=queue)
    client, keys = watched.broker.client(), app.connection.store("b", 0).keys
    client.perform(("SET", keys.layout, "nonsense"))
    client.perform(("SADD", watched.broker.script_runner.queues_key, b"\xff{no queue}"))
    told = watched.scrape()

    assert {queue for queue, _state in told.numbers("redisched_queue_tasks")} == {"a", "c"}
    assert (told.number("redisched_queues"), told.number("redisched_queues_read")) == (4, 2)


def test_so_many_queues_are_read(app: Scheduler, watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyspace_reading, "MOST_QUEUES", 2)
    for queue in ("a", "b", "c"):
        app.enqueue("send", queue=queue)
    told = watched.scrape()
    assert told.numbers("redisched_queue_shards") == {("a",): 1, ("b",): 1}
    assert (told.number("redisched_queues"), told.number("redisched_queues_read")) == (3, 2)


def test_no_queue_is_begun_after_the_time_of_a_scrape(app: Scheduler, watched: Watched) -> None:
    for queue in ("a", "b", "c"):
        app.enqueue("send", queue=queue)
    watched.each_s = keyspace_reading.LONGEST_S / 2.5
    told = watched.scrape()
    assert (told.number("redisched_queues"), told.number("redisched_queues_read")) == (3, 1)
    assert told.number("redisched_scrape_seconds") >= keyspace_reading.LONGEST_S
