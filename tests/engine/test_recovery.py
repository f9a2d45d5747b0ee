"""What a supervisor takes back from a dead process, and which tasks it blames for the death."""

from collections.abc import Iterable
from typing import Any

import pytest

from redisched import Scheduler
from redisched.config import WorkerSettings
from redisched.engine.recovery import GIVE_UP_AFTER_S, RETRY_S, SECOND_LOOK_S, Recovery
from redisched.engine.started import StartedTask
from redisched.errors import BrokerUnavailable
from redisched.keys import keys_of
from redisched.shard_map import ShardMap
from redisched.store.broker import Broker
from redisched.store.operation import Client, Command, run
from redisched.store.store import Store
from redisched.store.values import ClaimRequest
from tests.engine.running import look

QUEUE = "default"
TIMEOUT_S = 2.0


class StandingClock:
    """Stands still until the test lets it go on."""

    def __init__(self) -> None:
        self.now_s = 1.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def app(broker: Broker) -> Scheduler:
    app = Scheduler(broker=broker)
    app.task(name="note")(lambda: None)
    return app


def claim(broker: Broker, nonce: str, shard: int = 0) -> int:
    """Claim as the worker that dies; answers the token."""
    request = ClaimRequest(worker="gone", nonce=nonce, limit=9, ahead_ms=0, ahead_limit=0, lease_ms=60_000)
    (lease,) = run(Store(broker.script_runner, QUEUE, shard).claim(request), broker.client()).leases
    return lease.token


class FirstShardAway:
    """A client that reaches every shard but the first, from which the shard map is read."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def perform(self, command: Command) -> Any:
        if {keys_of(QUEUE).held, keys_of(QUEUE).layout} & {*command}:
            raise BrokerUnavailable("gone", 0.0)
        return self._client.perform(command)

    def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        return self._client.perform_all(commands)


class SilentServer:
    """A client that waits for a while, and gets no answer."""

    def __init__(self, clock: StandingClock) -> None:
        self._clock = clock

    def perform(self, command: Command) -> Any:
        self._clock.now_s += TIMEOUT_S
        raise BrokerUnavailable("timeout", TIMEOUT_S)

    def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        raise AssertionError(commands)


def test_a_death_counts_once_against_a_task_that_a_late_claim_takes_again(app: Scheduler, broker: Broker) -> None:
    """The claim of a dead process may still wait at the server, and get the task that was just taken back from it."""
    task, clock = app.enqueue("note"), StandingClock()
    recovery = Recovery(broker.script_runner, [QUEUE], WorkerSettings().crash_limit, clock)
    recovery.died("gone", {StartedTask(QUEUE, task.id, claim(broker, "1"))})

    run(recovery.step(), broker.client())
    assert look(broker, task.id).crashes == 1
    claim(broker, "2")
    clock.now_s += SECOND_LOOK_S
    run(recovery.step(), broker.client())

    view = look(broker, task.id)
    assert (view.state, view.crashes) == ("ready", 1)


def test_tasks_in_a_shard_that_answers_are_taken_back_while_another_is_silent(app: Scheduler, broker: Broker) -> None:
    app.grow(QUEUE, 2)
    ids = {ShardMap((1, 2)).shard_of(id): id for id in map(str, range(9))}
    tasks = [app.enqueue("note", id=ids[shard]) for shard in (0, 1)]
    clock = StandingClock()
    recovery = Recovery(broker.script_runner, [QUEUE], WorkerSettings().crash_limit, clock)
    run(recovery.step(), broker.client())
    started = {StartedTask(QUEUE, task.id, claim(broker, "1", shard)) for shard, task in enumerate(tasks)}
    recovery.died("gone", started)

    run(recovery.step(), FirstShardAway(broker.client()))
    assert [look(broker, task.id).state for task in tasks] == ["leased", "ready"]
    clock.now_s += RETRY_S
    run(recovery.step(), broker.client())
    assert [look(broker, task.id).state for task in tasks] == ["ready", "ready"]
    assert recovery.recovered == len(tasks)


def test_nothing_is_taken_back_until_the_shard_map_can_be_read(app: Scheduler, broker: Broker) -> None:
    task, clock = app.enqueue("note"), StandingClock()
    recovery = Recovery(broker.script_runner, [QUEUE], WorkerSettings().crash_limit, clock)
    recovery.died("gone", {StartedTask(QUEUE, task.id, claim(broker, "1"))})

    run(recovery.step(), FirstShardAway(broker.client()))
    assert look(broker, task.id).state == "leased"
    clock.now_s += RETRY_S
    run(recovery.step(), broker.client())

    assert look(broker, task.id).state == "ready"


def test_a_silent_server_is_not_waited_for_once_per_shard(app: Scheduler, broker: Broker) -> None:
    app.grow(QUEUE, 12)
    clock = StandingClock()
    recovery = Recovery(broker.script_runner, [QUEUE], WorkerSettings().crash_limit, clock)
    run(recovery.step(), broker.client())
    recovery.died("gone", set())
    began_s = clock.now_s

    run(recovery.step(), SilentServer(clock))

    assert GIVE_UP_AFTER_S <= clock.now_s - began_s <= GIVE_UP_AFTER_S + TIMEOUT_S
