"""Script calls are timed by their names, on both kinds of clients, and nothing else is."""

import asyncio
from typing import Any, cast

import pytest

from redisched import Scheduler
from redisched.errors import BrokerError
from redisched.metrics.script_times import BUCKETS, ScriptTimes, TimedBlockingClient, TimedClient
from redisched.store.broker import AsyncBrokerClient, Broker
from redisched.store.inspect import Inspector
from redisched.store.operation import Command, run, run_async
from tests.engine.running import work_off


class Ticking:
    """A clock that moves by the next of these microseconds between two looks."""

    def __init__(self, *took_us: int) -> None:
        self._took_us = list(took_us)
        self._now_us = 0
        self._is_begun = False

    def __call__(self) -> float:
        if self._is_begun:
            self._now_us += self._took_us.pop(0)
        self._is_begun = not self._is_begun
        return self._now_us / 1e6


def test_calls_are_counted_by_the_name_of_their_script(broker: Broker) -> None:
    Scheduler(broker=broker).enqueue("add")
    took_us = [3, 100, 100_000]
    times = ScriptTimes(Ticking(*(us + 0 for us in took_us), *([1] * 50)))
    client = TimedBlockingClient(broker.client(), times)
    shard = Inspector(broker.script_runner, "default").shard(0)
    # The first call of a new server is made by EVAL, which is not counted.
    run(shard.counts(), broker.client())
    for _ in took_us:
        run(shard.counts(), client)

    ((name, counted),) = times.by_script().items()
    assert (name, sum(counted.counts), counted.counts[0]) == ("read/queue", 3, 2)
    assert counted.sum_us == pytest.approx(sum(took_us), abs=3)


def test_other_commands_pipelines_and_failures_are_not_counted(broker: Broker) -> None:
    times = ScriptTimes()
    client = TimedBlockingClient(broker.client(), times)
    client.perform(("PING",))
    client.perform_all([("PING",), ("PING",)])
    with pytest.raises(BrokerError):
        client.perform(("EVALSHA", "0" * 40, 0))
    assert times.by_script() == {}


def test_the_client_of_an_event_loop_is_timed_and_does_all_that_it_did(broker: Broker) -> None:
    times = ScriptTimes()

    async def body() -> None:
        client = TimedClient(broker.open_async_client(5.0, "test"), times)
        shard = Inspector(broker.script_runner, "default").shard(0)
        for _ in range(3):
            await run_async(shard.counts(), client)
        assert await client.perform_last(("PING",), ("ECHO", "x")) == b"x"
        assert await client.perform_all([("ECHO", "y")]) == [b"y"]
        assert list(await client.primaries())
        await client.close()

    run(Inspector(broker.script_runner, "default").shard(0).counts(), broker.client())
    asyncio.run(body())
    assert {name: sum(counted.counts) for name, counted in times.by_script().items()} == {"read/queue": 3}


@pytest.mark.parametrize(
    ("took_us", "bucket"), [(0, 0), (127, 0), (128, 1), (8_388_607, 16), (8_388_608, 17), (10**12, 17)]
)
def test_a_call_is_in_the_bucket_below_whose_bound_it_is(took_us: int, bucket: int) -> None:
    times = ScriptTimes(lambda: took_us / 1e6)
    command: Command = ("EVALSHA", "x", 0)
    times.observe(command, 0.0)
    (counted,) = times.by_script().values()
    assert counted.counts == [int(number == bucket) for number in range(BUCKETS)]


def test_every_method_of_a_client_is_there() -> None:
    public = {name for name in vars(AsyncBrokerClient) if not name.startswith("_")}
    assert public <= set(dir(cast(Any, TimedClient)))


def test_a_worker_without_metrics_is_not_timed(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    def observe(*_arguments: Any) -> None:
        raise AssertionError("it was timed")

    monkeypatch.setattr(ScriptTimes, "observe", observe)
    app = Scheduler(broker=broker)
    app.task(name="add")(lambda: None)
    app.enqueue("add")
    work_off(app)
