"""A paused queue keeps its tasks until it is resumed, whatever its number of shards, also while that grows."""

import asyncio
import itertools
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redisched import Scheduler
from redisched.errors import BrokerError, InvalidOption, ResultTimeout
from redisched.store import pausing
from redisched.store.adding_shards import add_shards
from redisched.store.broker import Broker
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation, ScriptRunner, run
from redisched.store.pausing import QueuePause
from redisched.store.store import Store
from redisched.store.values import ClaimRequest
from tests.brokers import on_each_primary
from tests.client.interleaving import Fate, Interleaving

pytestmark = pytest.mark.differs_by_routing

QUEUE = "mail"
PAUSE = QueuePause(since_ms=1, until_ms=None, by="ann@desk")


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    app = Scheduler(broker=broker)
    app.task(name="send", queue=QUEUE)(lambda: "sent")
    return app


def paused_shards(broker: Broker, shards: int) -> list[bool]:
    inspector = Inspector(broker.script_runner, QUEUE)
    return [run(inspector.shard(shard).pause(), broker.client()) is not None for shard in range(shards)]


def claimed(broker: Broker, shards: int) -> int:
    """How many tasks a worker gets that claims once from each shard."""
    got = 0
    for shard in range(shards):
        request = ClaimRequest(worker="w", nonce="1", limit=99, ahead_ms=0, ahead_limit=0, lease_ms=60_000)
        got += len(run(Store(broker.script_runner, QUEUE, shard).claim(request), broker.client()).leases)
    return got


@pytest.mark.parametrize("shards", [1, 3])
def test_a_paused_queue_gives_nothing_and_loses_nothing(app: Scheduler, broker: Broker, shards: int) -> None:
    queue = app.queue(QUEUE)
    app.grow(QUEUE, shards)
    before = queue.paused()

    pause = queue.pause()
    app.enqueue_many(app.request("send") for _ in range(20))

    assert (before, queue.paused()) == (None, pause)
    assert (pause.until_ms, pause.since_ms > 0) == (None, True)
    assert re.fullmatch(r"[^ @]+@[^ @]+", pause.by)
    assert claimed(broker, shards) == 0
    queue.resume()
    assert queue.paused() is None
    assert claimed(broker, shards) == 20


def test_under_asyncio_it_is_the_same(app: Scheduler, broker: Broker) -> None:
    async def pause_and_resume() -> None:
        queue = app.queue(QUEUE)
        await app.enqueue_async("send")
        pause = await queue.pause_async("1h")
        assert pause.until_ms == pause.since_ms + 3_600_000
        assert await queue.paused_async() == pause
        assert paused_shards(broker, 1) == [True]
        await queue.resume_async()
        assert await queue.paused_async() is None
        await app.close_async()

    asyncio.run(pause_and_resume())


def test_a_pause_with_a_duration_ends_by_itself(app: Scheduler) -> None:
    pause = app.queue(QUEUE).pause(0.001)
    while app.queue(QUEUE).paused() is not None:
        assert pause.until_ms == pause.since_ms + 1


@pytest.mark.parametrize("duration", [0, -1, "soon", "0s", float("nan"), True, 1e15])
def test_a_duration_that_is_none_is_refused(app: Scheduler, broker: Broker, duration: object) -> None:
    with pytest.raises(InvalidOption, match="duration"):
        app.queue(QUEUE).pause(duration)  # type: ignore[arg-type]

    assert paused_shards(broker, 1) == [False]


@pytest.mark.parametrize("name", ["", "two words", "a/b", 7, None])
def test_a_name_that_is_none_is_refused(app: Scheduler, name: object) -> None:
    with pytest.raises(InvalidOption, match="name"):
        app.queue(name)  # type: ignore[arg-type]


def test_shards_that_are_added_are_paused_too(app: Scheduler, broker: Broker) -> None:
    app.queue(QUEUE).pause()

    app.grow(QUEUE, 3)
    app.enqueue_many(app.request("send") for _ in range(20))

    assert paused_shards(broker, 3) == [True] * 3
    assert claimed(broker, 3) == 0
    app.queue(QUEUE).resume()
    assert claimed(broker, 3) == 20


def test_a_shard_takes_no_task_before_it_is_paused(broker: Broker) -> None:
    """Adding shards is stopped after each of its commands."""
    for steps in itertools.count():
        on_each_primary(broker, "FLUSHALL")
        run(pausing.pause(broker.script_runner, QUEUE, PAUSE), broker.client())
        if not stopped_after(steps, add_shards(broker.script_runner, QUEUE, 3), broker):
            break
        shard_map = run(Store(broker.script_runner, QUEUE).shard_map(), broker.client())
        assert all(paused_shards(broker, shard_map.shards)), f"after {steps} steps"


def stopped_after(steps: int, operation: Operation[object], broker: Broker) -> bool:
    """Begin an operation, and leave it after so many commands. Answers False if it has fewer."""
    client = broker.client()
    try:
        step = operation.send(None)
        for _ in range(steps):
            assert isinstance(step, tuple)
            try:
                reply = client.perform(step)
            except BrokerError as error:
                # The script is not loaded yet.
                step = operation.throw(error)
            else:
                step = operation.send(reply)
    except StopIteration:
        return False
    return True


CALLS: dict[str, Callable[[ScriptRunner], Operation[object]]] = {
    "grow": lambda runner: add_shards(runner, QUEUE, 4),
    "pause": lambda runner: pausing.pause(runner, QUEUE, PAUSE),
    "pause again": lambda runner: pausing.pause(runner, QUEUE, replace(PAUSE, by="bob@den")),
    "resume": lambda runner: pausing.resume(runner, QUEUE),
}
MOST_STEPS = 30
"""More than any of these calls has."""


def check_within(broker: Broker, before: str, outer: str, inner: str) -> None:
    """One call comes after each step of another, and all shards are alike after both. Raises AssertionError."""
    for steps in range(MOST_STEPS):
        on_each_primary(broker, "FLUSHALL")
        run(CALLS[before](broker.script_runner), broker.client())
        interleaving = Interleaving(broker, [CALLS[name](broker.script_runner) for name in (outer, inner)])
        interleaving.run([(0, Fate.ANSWERED)] * steps + [(1, Fate.ANSWERED)] * MOST_STEPS)

        shards = run(Store(broker.script_runner, QUEUE).shard_map(), broker.client()).shards
        assert len({*paused_shards(broker, shards)}) == 1, f"after {steps} steps"


@pytest.mark.parametrize(
    ("before", "outer", "inner"),
    [
        ("resume", "grow", "pause"),
        ("pause", "grow", "resume"),
        ("grow", "pause", "resume"),
        ("grow", "resume", "pause"),
        ("grow", "pause", "pause again"),
        ("resume", "pause", "grow"),
        ("pause", "resume", "grow"),
    ],
)
def test_all_shards_are_alike_after_one_call_within_another(
    broker: Broker, before: str, outer: str, inner: str
) -> None:
    check_within(broker, before, outer, inner)


def test_all_shards_are_alike_after_many_calls_in_any_order(broker: Broker) -> None:
    names = ("grow", "pause", "resume", "pause again", "resume")

    @settings(max_examples=50)
    @given(st.lists(st.tuples(st.integers(0, len(names) - 1), st.sampled_from([1, 2, 3, 10])), min_size=10))
    def holds(turns: list[tuple[int, int]]) -> None:
        on_each_primary(broker, "FLUSHALL")
        interleaving = Interleaving(broker, [CALLS[name](broker.script_runner) for name in names])

        interleaving.run([(number, Fate.ANSWERED) for number, steps in turns for _ in range(steps)])

        assert len({*paused_shards(broker, 4)}) == 1

    holds()


def follow_once(script_runner: ScriptRunner, queue: str) -> Operation[None]:
    """As `follow_first_shard`, but it does not look whether the first shard has changed meanwhile."""
    wanted = yield from pausing.stored_pause(script_runner, queue)
    shard_map = yield from Store(script_runner, queue).shard_map()
    yield from pausing.set_shards(script_runner, queue, range(1, shard_map.shards), wanted)


def follow_nothing(*_: object) -> Operation[None]:
    yield from ()


@pytest.mark.parametrize(
    ("module", "bug", "calls"),
    [
        ("pausing", follow_once, ("grow", "pause", "resume")),
        ("adding_shards", follow_nothing, ("resume", "grow", "pause")),
    ],
    ids=["a call does not look again", "adding shards does not look again"],
)
def test_it_is_noticed_when(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, module: str, bug: object, calls: tuple[str, str, str]
) -> None:
    monkeypatch.setattr(f"redisched.store.{module}.follow_first_shard", bug)

    with pytest.raises(AssertionError):
        check_within(broker, *calls)


def test_a_queue_that_is_paused_in_part_is_made_whole_by_another_call(app: Scheduler, broker: Broker) -> None:
    """As a process leaves it behind that dies while it pauses."""
    app.grow(QUEUE, 3)
    run(pausing.pause_shard(broker.script_runner, QUEUE, 0, PAUSE), broker.client())

    app.queue(QUEUE).resume()
    assert paused_shards(broker, 3) == [False] * 3

    run(pausing.pause_shard(broker.script_runner, QUEUE, 1, PAUSE), broker.client())
    app.queue(QUEUE).resume()
    assert paused_shards(broker, 3) == [False] * 3


def test_who_waits_for_a_result_is_told_that_the_queue_is_paused(
    app: Scheduler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("redisched.client.waiting.LOOK_FOR_WORKER_S", 0.05)
    app.queue(QUEUE).pause()
    task = app.enqueue("send")

    with pytest.raises(ResultTimeout, match="as queue mail is paused") as timeout:
        task.result(timeout=0.3)

    assert timeout.value.missing == "queue mail is paused"
    (message,) = (record.getMessage() for record in caplog.records)
    assert message == f"queue mail is paused; task {task.id} waits: redisched queue resume mail"
