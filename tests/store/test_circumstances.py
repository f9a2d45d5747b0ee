"""What else decides when a task runs is read at one moment, and exactly."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redisched.codec import encode_task
from redisched.errors import BrokerRefused
from redisched.explain.reading import explained
from redisched.explain.reason import Reason
from redisched.model import BAND, TaskBody, TaskState
from redisched.store.broker import Broker
from redisched.store.circumstances import Circumstances, read_circumstances
from redisched.store.operation import Operation, run
from redisched.store.pausing import QueuePause
from redisched.store.presence import decode_deployment, digest_of
from redisched.store.roster import LiveDeployments, Roster
from redisched.store.store import Store
from redisched.store.values import ClaimRequest
from tests.lua.reaping import reaper
from tests.lua.roster import LIVE_MS, NEW, OLD, PRESENCE, Workers
from tests.lua.situation import Situation, dead, deadline, ended, expiring, leased, together, waiting
from tests.server_time import NOW_MS, ServerTime
from tests.store.observed import DIGEST, LIMIT, QUEUE, Observed

pytestmark = pytest.mark.differs_by_server


def around(queue: Observed, id: str = "a", shard: int = 0) -> Circumstances:
    return queue.see(read_circumstances(queue.broker.script_runner, QUEUE, shard, id))


def test_nothing_is_in_the_way_of_a_task_that_is_alone(queue: Observed) -> None:
    queue.given(waiting("a"))
    queue.store("tasks", "a", DIGEST + encode_task(TaskBody("send", [42]), LIMIT))

    found = around(queue)

    assert found == Circumstances(view=queue.task("a"), ahead=0)
    assert found.view.body == TaskBody("send", [42])


def test_a_task_is_behind_every_due_one_that_is_claimed_first(queue: Observed) -> None:
    queue.given(
        waiting("first", priority=0, run_at_ms=NOW_MS),
        waiting("not due", priority=0, run_at_ms=NOW_MS + 1),
        waiting("second", priority=4, run_at_ms=NOW_MS - 1),
        waiting("older", priority=5, run_at_ms=NOW_MS - 2),
        waiting("aa", priority=5, run_at_ms=NOW_MS - 1),
        waiting("a", priority=5, run_at_ms=NOW_MS - 1),
        waiting("younger", priority=5, run_at_ms=NOW_MS),
        waiting("worse", priority=6, run_at_ms=0),
        leased("running", priority=0),
    )

    assert around(queue).ahead == 3
    assert around(queue, "aa").ahead == 4
    assert around(queue, "first").ahead == 0
    assert around(queue, "worse").ahead == 6


@pytest.mark.parametrize(
    ("situation", "state"),
    [
        (waiting("a", run_at_ms=NOW_MS + 1), TaskState.SCHEDULED),
        (waiting("a", run_at_ms=BAND - 1), TaskState.SCHEDULED),
        (leased("a"), TaskState.LEASED),
        (dead("a"), TaskState.DEAD),
        (ended("a"), TaskState.UNKNOWN),
        ({}, TaskState.UNKNOWN),
    ],
)
def test_only_a_due_task_has_a_position(queue: Observed, situation: Situation, state: TaskState) -> None:
    queue.given(waiting("b", priority=0), situation)

    assert (around(queue).ahead, around(queue).view.state) == (None, state)


def test_the_position_is_the_place_in_which_it_is_claimed(queue: Observed) -> None:
    tasks = st.tuples(st.sampled_from([0, 4, 5, 255]), st.integers(NOW_MS - 2, NOW_MS + 1))

    @settings(max_examples=25)
    @given(st.lists(tasks, min_size=1, max_size=30))
    def holds(given_tasks: list[tuple[int, int]]) -> None:
        used = (f"redisched:{{{QUEUE}}}:{key}" for key in ("waiting", "tasks", "leases", "held", "claims", "fence"))
        queue.broker.client().perform(("DEL", *used))
        rows = {f"t{at}": task for at, task in enumerate(given_tasks)}
        queue.given(*(waiting(id, priority=priority, run_at_ms=due) for id, (priority, due) in rows.items()))
        ahead = {id: around(queue, id).ahead for id in rows}
        request = ClaimRequest(worker="w", nonce="1", limit=99, ahead_ms=0, ahead_limit=0, lease_ms=60_000)
        claimed = run(Store(queue.broker.script_runner, QUEUE).claim(request), queue.broker.client()).leases

        assert [ahead[lease.id] for lease in claimed] == list(range(len(claimed)))
        assert {id for id, place in ahead.items() if place is None} == set(rows) - {lease.id for lease in claimed}

    holds()


@pytest.mark.parametrize(
    ("stored", "pause"),
    [
        (None, None),
        (f"{NOW_MS - 5} 0 ann@desk", QueuePause(since_ms=NOW_MS - 5, until_ms=None, by="ann@desk")),
        (f"{NOW_MS - 5} {NOW_MS + 1} ann", QueuePause(since_ms=NOW_MS - 5, until_ms=NOW_MS + 1, by="ann")),
        (f"{NOW_MS - 5} {NOW_MS} ann", None),
        ("junk", None),
    ],
)
def test_a_pause_counts_until_it_is_over(queue: Observed, stored: str | None, pause: QueuePause | None) -> None:
    queue.given(waiting("a"), {} if stored is None else {"paused": stored})

    assert around(queue).pause == pause


@pytest.mark.parametrize(
    ("situation", "is_served"), [({}, False), (reaper(until_ms=NOW_MS + 1), True), (reaper(until_ms=NOW_MS - 1), False)]
)
def test_a_shard_is_served_while_a_worker_takes_care_of_it(
    queue: Observed, situation: Situation, is_served: bool
) -> None:
    queue.given(waiting("a"), situation)

    assert around(queue).is_served is is_served


def test_the_holder_of_the_unique_key_is_known(queue: Observed) -> None:
    queue.given(
        leased("b"),
        waiting("a", run_at_ms=BAND - 1),
        {"traits": {"a": "unique=c0ffee done 0 "}, "unique": {"c0ffee": "b"}, "successors": {"c0ffee": "5 a"}},
    )

    found = around(queue)

    assert (found.key_holder, found.view.is_successor) == ("b", True)
    assert around(queue, "b").key_holder == ""


@pytest.mark.parametrize(
    ("limit", "counts"),
    [
        (deadline("a", deadline_ms=NOW_MS), True),
        (deadline("a", deadline_ms=NOW_MS, started=False), False),
        (expiring("a", expires_ms=NOW_MS), False),
    ],
)
def test_a_deadline_counts_once_the_task_has_started(queue: Observed, limit: Situation, counts: bool) -> None:
    queue.given(together(waiting("a"), limit))

    assert around(queue).does_deadline_count is counts


@pytest.mark.parametrize(("layout", "shards"), [("1 3 12", 12), ("junk", 1)])
def test_the_number_of_shards_is_told(queue: Observed, layout: str, shards: int) -> None:
    queue.given(waiting("a"), {"layout": layout})

    assert around(queue).shards == shards


@pytest.fixture
def workers(broker: Broker, clock: ServerTime) -> Workers:
    return Workers(broker, clock)


def live(workers: Workers, **limit: int) -> LiveDeployments:
    return run(workers.fleet.live(workers.clock.now_ms, **limit), workers.broker.client())


def introduce(workers: Workers, worker: str, serves: bytes, **says: Any) -> None:
    """A worker that says of which deployment it is."""
    presence = replace(PRESENCE, deployment=digest_of(serves), **says).encode()
    introducing = workers.fleet.introduce(worker, presence, digest_of(serves), serves, LIVE_MS)
    run(introducing, workers.broker.client())


def test_what_a_deployment_serves_is_known_for_as_long_as_a_worker_of_it_lives(workers: Workers) -> None:
    assert live(workers) == LiveDeployments((), is_complete=True)
    introduce(workers, "a", OLD)
    workers.clock.move_to(NOW_MS + 1)
    introduce(workers, "b", NEW)

    both = LiveDeployments((decode_deployment(OLD), decode_deployment(NEW)), is_complete=True)
    assert live(workers) == both
    workers.clock.move_to(NOW_MS + LIVE_MS)
    assert live(workers) == LiveDeployments((decode_deployment(NEW),), is_complete=True)


def test_a_deployment_whose_last_worker_has_stopped_serves_nothing_at_once(workers: Workers) -> None:
    introduce(workers, "a", OLD)
    introduce(workers, "b", NEW)
    introduce(workers, "c", NEW)

    workers.depart("a")
    workers.depart("b")

    assert live(workers) == LiveDeployments((decode_deployment(NEW),), is_complete=True)


@pytest.mark.parametrize("state", ["quiet", "draining", "stopping"])
def test_a_deployment_is_quiet_if_all_of_its_workers_are(workers: Workers, state: str) -> None:
    introduce(workers, "a", OLD, state=state)
    introduce(workers, "b", NEW, state=state)
    introduce(workers, "c", NEW)

    assert set(live(workers).deployments) == {decode_deployment(OLD), decode_deployment(NEW)}
    assert live(workers).quiet == (decode_deployment(OLD),)


def test_it_is_told_if_some_of_what_workers_serve_is_left_out(workers: Workers) -> None:
    introduce(workers, "a", OLD)
    introduce(workers, "b", NEW)

    assert len(live(workers, limit=1).deployments) == 1
    assert not live(workers, limit=1).is_complete
    workers.broker.client().perform(("DEL", workers.fleet.keys.deployments))
    assert live(workers) == LiveDeployments((), is_complete=False)


def test_who_may_not_read_of_the_workers_is_told_of_none_that_is_missing(
    queue: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Operation[list[str]]:
        yield from ()
        raise BrokerRefused("ZRANGEBYSCORE", "no permission")

    monkeypatch.setattr(Roster, "live_deployments", refuse)
    queue.given(waiting("a"))

    explanation = queue.see(explained(queue.broker.script_runner, queue.task("a")))

    assert (explanation.reason, explanation.further) == (Reason.NEXT, ())
