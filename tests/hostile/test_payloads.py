"""Payloads of every size, and bytes that pretend to be payloads."""

from pathlib import Path
from random import Random
from typing import Any

import msgpack
import pytest

from redisched import Scheduler
from redisched.codec import DIGEST_BYTES, encode_task
from redisched.config import Settings
from redisched.errors import PayloadTooLarge
from redisched.model import DeathReason, TaskBody, TaskState
from redisched.store.broker import Broker
from tests.brokers import BrokerKind, Servers
from tests.chaos.fleet import Fleet
from tests.engine.running import RunningWorker, counts, look, work_off
from tests.hostile.stored import store_bodies
from tests.test_codec import HOSTILE
from tests.waiting import wait_until

LIMIT = Settings().payload_limit
MEGABYTE = 1024 * 1024
OVERHEAD = len(encode_task(TaskBody("swallow", [bytes(LIMIT - 100)]), LIMIT)) - (LIMIT - 100)
"""The bytes that a task of such a size takes beside its one argument."""
GROWTH_KB = 50 * 1024
DRAIN_S = 60.0


@pytest.mark.parametrize("size", [0, 1, LIMIT - OVERHEAD])
def test_s01_a_payload_up_to_the_limit_arrives(app: Scheduler, size: int) -> None:
    app.task(name="swallow")(len)

    task = app.enqueue("swallow", bytes(size))
    work_off(app)

    assert task.result(timeout=1) == size


@pytest.mark.parametrize(
    "size",
    [LIMIT - OVERHEAD + 1, 64 * MEGABYTE, pytest.param(600 * MEGABYTE, marks=pytest.mark.chaos)],
)
def test_s01_a_payload_over_the_limit_is_refused_before_anything_is_sent(tmp_path: Path, size: int) -> None:
    nowhere = Scheduler(f"unix://{tmp_path}/none.sock")

    with pytest.raises(PayloadTooLarge) as refusal:
        nowhere.enqueue("swallow", bytes(size))

    assert (refusal.value.size, refusal.value.limit) == (size + OVERHEAD, LIMIT)


def test_s01_a_stored_payload_over_the_limit_is_never_decoded(
    app: Scheduler, real_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    app.task(name="swallow")(len)
    body = encode_task(TaskBody("swallow", [bytes(4 * MEGABYTE)]), 5 * MEGABYTE)
    (id,) = store_bodies(real_broker, [body])
    unpackb = msgpack.unpackb

    def noting(data: bytes, **options: Any) -> Any:
        decoded.append(len(data))
        return unpackb(data, **options)

    monkeypatch.setattr("redisched.packing.msgpack.unpackb", noting)

    work_off(app)
    monkeypatch.undo()

    failure = look(real_broker, id).failure
    assert failure is not None
    assert (failure.reason, failure.error) == (DeathReason.UNDECODABLE, f"a record of {len(body) + DIGEST_BYTES} bytes")
    assert max(decoded, default=0) < LIMIT


def noise(random: Random) -> bytes:
    """Random bytes, or a task with a few bytes changed at random."""
    if random.random() < 0.3:
        return random.randbytes(random.randint(1, 300))
    value: Any = random.choice([1.5, "text", b"bytes", [[], {}], {"key": [None, True]}])
    body = bytearray(encode_task(TaskBody("work", [value], {"named": value}, max_attempts=3), LIMIT))
    for _ in range(random.randint(1, 4)):
        body[random.randrange(len(body))] = random.randrange(256)
    return bytes(body)


def most_memory_kb(process: int) -> int:
    """The largest memory that a process has had."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


@pytest.mark.parametrize("count", [1_000, pytest.param(50_000, marks=pytest.mark.chaos)])
@pytest.mark.timeout(300)
def test_s02_bombs_and_noise_end_dead_and_do_not_harm_the_worker(
    app: Scheduler, real_broker: Broker, servers: Servers, kind: BrokerKind, tmp_path: Path, count: int
) -> None:
    with Fleet(servers.url(kind), tmp_path / "history", unroutable_limit=1, crash_limit=1) as fleet:
        assert app.enqueue("work", 1).result(timeout=DRAIN_S)
        (worker,) = fleet.workers()
        before_kb = most_memory_kb(worker)
        random = Random(1)
        # Bytes that happen to be a valid task of a known name fail or succeed, as any other task.
        ids = store_bodies(real_broker, [*HOSTILE, *(noise(random) for _ in range(count))])

        def is_over() -> bool:
            there = counts(real_broker)
            return there.ready == there.leased == 0

        wait_until(is_over, "every task has been tried", DRAIN_S)
        assert app.enqueue("work", 1).result(timeout=DRAIN_S)
        assert fleet.workers() == [worker]
        assert most_memory_kb(worker) - before_kb < GROWTH_KB

    for id in ids[: len(HOSTILE)]:
        view = look(real_broker, id)
        assert view.failure is not None
        assert (view.state, view.failure.reason) == (TaskState.DEAD, DeathReason.UNDECODABLE)


def test_s02_bombs_are_read_by_observers_without_harm(app: Scheduler, real_broker: Broker) -> None:
    ids = store_bodies(real_broker, HOSTILE)
    assert all(look(real_broker, id).undecodable for id in ids)

    with RunningWorker(app):
        wait_until(lambda: counts(real_broker).dead == len(ids), "all tasks are dead")
    assert all(look(real_broker, id).undecodable for id in ids)
