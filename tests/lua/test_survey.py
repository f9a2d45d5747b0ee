"""read/survey: what there is to do in many shards at once."""

from dataclasses import replace

import pytest

from redisched.shard_map import ShardMap
from redisched.store.store import Store, register
from redisched.store.survey import LARGEST_SURVEY, ShardReport, in_calls, survey
from tests.lua.queue import QUEUE, QueueUnderTest
from tests.lua.situation import WORKER, Situation, dead, ended, leased, together, waiting
from tests.server_time import NOW_MS, ServerTime

pytestmark = pytest.mark.differs_by_server

NOTHING = ShardReport(
    now_ms=NOW_MS,
    next_due_ms=None,
    next_expiry_ms=None,
    forget_ms=None,
    oldest_death_ms=None,
    led_until_ms=None,
    size=0,
    is_sound=True,
    shard_map=ShardMap(),
)
LATER_MS = NOW_MS + 5_000


def look(queue: QueueUnderTest, clock: ServerTime, *shards: int) -> list[ShardReport]:
    """What surveys report about shards of the queue. On a cluster there are several surveys."""
    stores = [Store(queue.broker.script_runner, QUEUE, shard) for shard in shards]
    clock.show_in(store.keys.waiting for store in stores)
    seen: dict[int, ShardReport] = {}
    for call in in_calls(stores, queue.broker.group_of):
        for store, prospect in zip(call, queue.call(survey(queue.broker.script_runner, WORKER, call)), strict=True):
            seen[store.shard] = prospect
    return [seen[shard] for shard in shards]


@pytest.mark.parametrize(
    ("situation", "seen"),
    [
        ({}, NOTHING),
        (waiting("a", run_at_ms=NOW_MS), replace(NOTHING, size=2, next_due_ms=NOW_MS)),
        (waiting("a", run_at_ms=LATER_MS), replace(NOTHING, size=2, next_due_ms=LATER_MS)),
        (
            together(waiting("a", run_at_ms=LATER_MS), waiting("b", priority=9, run_at_ms=NOW_MS + 7)),
            replace(NOTHING, size=4, next_due_ms=NOW_MS + 7),
        ),
        (
            together(waiting("a", run_at_ms=LATER_MS), waiting("b", priority=255, run_at_ms=NOW_MS - 7)),
            replace(NOTHING, size=4, next_due_ms=NOW_MS),
        ),
        (
            together(*(waiting(f"a{number}", priority=number, run_at_ms=LATER_MS) for number in range(40))),
            replace(NOTHING, size=80, next_due_ms=NOW_MS),
        ),
        (leased("a", ends_ms=LATER_MS), replace(NOTHING, size=3, next_expiry_ms=LATER_MS)),
        (ended("a", forgotten_ms=LATER_MS), replace(NOTHING, size=2, forget_ms=LATER_MS)),
        ({"reaper": f"another {LATER_MS} 0 30000"}, NOTHING),
        (
            together(leased("a", ends_ms=LATER_MS), {"reaper": f"another {LATER_MS} 0 30000"}),
            replace(NOTHING, size=3, next_expiry_ms=LATER_MS, led_until_ms=LATER_MS),
        ),
        (
            together(leased("a", ends_ms=LATER_MS), {"reaper": f"another {NOW_MS} 0 30000"}),
            replace(NOTHING, size=3, next_expiry_ms=LATER_MS),
        ),
        (
            together(leased("a", ends_ms=LATER_MS), {"reaper": f"{WORKER} {LATER_MS} 0 30000"}),
            replace(NOTHING, size=3, next_expiry_ms=LATER_MS),
        ),
        ({"layout": "1 3"}, replace(NOTHING, shard_map=ShardMap((1, 3)))),
        ({"layout": "three"}, replace(NOTHING, shard_map=None)),
        ({"tasks": {"a": "record without a place"}}, replace(NOTHING, size=1, is_sound=False)),
        ({"leases": {"a": LATER_MS}}, replace(NOTHING, size=1, is_sound=False, next_expiry_ms=LATER_MS)),
        ({"outcomes": {"a": "never forgotten"}}, replace(NOTHING, size=1, is_sound=False)),
    ],
)
def test_a_report_says_what_a_shard_has(
    empty_queue: QueueUnderTest, clock: ServerTime, situation: Situation, seen: ShardReport
) -> None:
    empty_queue.given(situation)

    assert look(empty_queue, clock, 0) == [seen]


def test_a_report_has_the_first_death(empty_queue: QueueUnderTest, clock: ServerTime) -> None:
    empty_queue.given(dead("a"))
    (seen,) = look(empty_queue, clock, 0)

    assert seen.oldest_death_ms is not None
    assert seen == replace(NOTHING, size=seen.size, oldest_death_ms=seen.oldest_death_ms)


@pytest.mark.differs_by_routing
def test_each_report_belongs_to_its_shard(empty_queue: QueueUnderTest, clock: ServerTime) -> None:
    broker = empty_queue.broker
    for shard in (0, 3, 300):
        keys = Store(broker.script_runner, QUEUE, shard).keys
        broker.client().perform(("ZADD", keys.leases, LATER_MS + shard, "a"))
        broker.client().perform(("SET", keys.layout, f"1 {shard + 2}"))
    seen = look(empty_queue, clock, *range(LARGEST_SURVEY))

    assert {shard: at.next_expiry_ms for shard, at in enumerate(seen) if at != NOTHING} == {
        shard: LATER_MS + shard for shard in (0, 3, 300)
    }
    assert [seen[shard].shard_map for shard in (0, 3, 300)] == [ShardMap((1, shard + 2)) for shard in (0, 3, 300)]


@pytest.mark.parametrize("name", ["waiting", "leases", "held", "tasks", "dead", "outcomes", "finished"])
def test_a_key_of_a_wrong_type_does_not_hide_the_others(
    empty_queue: QueueUnderTest, clock: ServerTime, name: str
) -> None:
    empty_queue.given(leased("a", ends_ms=LATER_MS))
    broker = empty_queue.broker
    broker.client().perform(("SET", getattr(Store(broker.script_runner, QUEUE, 1).keys, name), "of somebody else"))
    first, second = look(empty_queue, clock, 0, 1)

    assert first == replace(NOTHING, size=3, next_expiry_ms=LATER_MS)
    assert not second.is_sound


@pytest.mark.parametrize("name", ["reaper", "layout"])
def test_a_string_key_of_a_wrong_type_counts_as_absent(
    empty_queue: QueueUnderTest, clock: ServerTime, name: str
) -> None:
    empty_queue.given(leased("a", ends_ms=LATER_MS))
    broker = empty_queue.broker
    broker.client().perform(("RPUSH", getattr(Store(broker.script_runner, QUEUE).keys, name), "of somebody else"))
    (seen,) = look(empty_queue, clock, 0)

    assert (seen.next_expiry_ms, seen.led_until_ms, seen.shard_map) == (LATER_MS, None, ShardMap())


def test_many_queues_are_registered_at_once(empty_queue: QueueUnderTest) -> None:
    broker = empty_queue.broker
    empty_queue.call(register(broker.script_runner, ["mail", "billing"]))

    assert set(broker.client().perform(("SMEMBERS", broker.script_runner.queues_key))) == {b"mail", b"billing"}
