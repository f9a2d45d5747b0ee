"""Unique keys: held by one task, freed by the script that ends their scope, handed over to a successor."""

from collections.abc import Callable

import pytest

from redisched.model import score_of
from redisched.store.enqueued import Duplicate
from redisched.store.values import (
    Ack,
    Bury,
    ExpireRequest,
    FailedAttempt,
    ForgetLimits,
    NewTask,
    Orphan,
    Release,
    SnoozedTask,
    Status,
)
from tests.lua.keyed import KEY, PARKED_MS, enqueue, keyed, new, replaced, succeeding
from tests.lua.queue import QueueUnderTest, request
from tests.lua.reaping import reaper
from tests.lua.reaping import request as reap
from tests.lua.situation import AWAKE, TOKEN, WORKER, Situation, dead, leased, together, waiting
from tests.server_time import NOW_MS, ServerTime

ENDS: dict[str, Callable[[QueueUnderTest, str], object]] = {
    "ack": lambda queue, id: queue.call(queue.store.ack([Ack(id, TOKEN, 1_000, b"digest-aend")])),
    "bury": lambda queue, id: queue.call(queue.store.bury([Bury(id, TOKEN, b"boom")])),
    "cancel, then release": lambda queue, id: (
        queue.call(queue.store.cancel(1_000, [(id, b"cancelled")])),
        queue.call(queue.store.release([Release(id, TOKEN, 0)])),
    ),
    "quarantine": lambda queue, id: queue.call(queue.store.recover("", 1, b"crashed", [Orphan(id, TOKEN, 1)])),
}
"""Every way in which a leased task ends."""
BACK: dict[str, Callable[[QueueUnderTest, str], object]] = {
    "release": lambda queue, id: queue.call(queue.store.release([Release(id, TOKEN, 0)])),
    "retry": lambda queue, id: queue.call(queue.store.retry([FailedAttempt(id, TOKEN, 1_000, b"boom")])),
    "snooze": lambda queue, id: queue.call(queue.store.snooze([SnoozedTask(id, TOKEN, 1_000)])),
    "recover": lambda queue, id: queue.call(queue.store.recover("", 3, b"crashed", [Orphan(id, TOKEN, 1)])),
}
"""Every way in which a leased task comes to wait again."""


def holder(queue: QueueUnderTest) -> str | None:
    found: str | None = queue.situation().get("unique", {}).get(KEY)
    return found


@pytest.mark.parametrize("mode", ["return", "replace", "debounce"])
def test_the_first_task_with_a_key_holds_it(queue: QueueUnderTest, mode: str) -> None:
    assert enqueue(queue, new("a", mode)) == [Status.CREATED]
    assert enqueue(queue, new("a", mode)) == [Status.EXISTS]

    assert queue.situation() == together(waiting("a", run_at_ms=NOW_MS), keyed("a"), AWAKE)


@pytest.mark.parametrize("task", [waiting("a"), leased("a")], ids=["waiting", "leased"])
def test_another_task_with_the_key_adds_nothing(queue: QueueUnderTest, task: Situation) -> None:
    before = together(task, keyed("a"))
    queue.given(before)

    assert enqueue(queue, new("b")) == [Duplicate("a")]

    assert queue.situation() == before


def test_equal_keys_in_one_call_are_as_in_separate_calls(queue: QueueUnderTest) -> None:
    tasks = [new("a"), NewTask("p", 5, "+0", b"digest-pbody of p"), new("b"), new("c", "replace"), new("d")]

    answers = enqueue(queue, *tasks)

    assert answers == [Status.CREATED, Status.CREATED, Duplicate("a"), Status.CREATED, Duplicate("c")]
    present = together(waiting("c", run_at_ms=NOW_MS), waiting("p", run_at_ms=NOW_MS), keyed("c"))
    assert queue.situation() == together(present, replaced("a"), AWAKE)


@pytest.mark.parametrize("way", ENDS)
def test_every_end_of_a_leased_task_frees_its_key(queue: QueueUnderTest, way: str) -> None:
    queue.given(together(leased("a"), keyed("a")))

    ENDS[way](queue, "a")

    assert holder(queue) is None
    assert enqueue(queue, new("b")) == [Status.CREATED]


def test_a_cancelled_or_expired_waiting_task_frees_its_key(queue: QueueUnderTest) -> None:
    task = new("a")
    expiring = task._replace(traits=task.traits + b"expires=+0 1000 digest-aexpired")
    enqueue(queue, expiring)
    assert holder(queue) == "a"

    queue.call(queue.store.expire(ExpireRequest(limit=9, lease_ms=1)))
    assert enqueue(queue, new("b")) == [Status.CREATED]

    queue.call(queue.store.cancel(1_000, [("b", b"cancelled")]))
    assert holder(queue) is None


def test_the_third_crash_of_a_lost_worker_frees_the_key(queue: QueueUnderTest) -> None:
    queue.given(together(leased("a", started_ms=1, ends_ms=NOW_MS), keyed("a"), reaper()))

    queue.call(queue.store.reap(reap(crash_limit=1)))

    assert holder(queue) is None


@pytest.mark.parametrize("way", BACK)
def test_a_task_that_waits_again_still_holds_its_key(queue: QueueUnderTest, way: str) -> None:
    queue.given(together(leased("a"), keyed("a")))

    BACK[way](queue, "a")

    assert enqueue(queue, new("b")) == [Duplicate("a")]


@pytest.mark.parametrize("way", BACK)
def test_until_started_ends_at_the_first_claim_and_is_not_taken_again(queue: QueueUnderTest, way: str) -> None:
    enqueue(queue, new("a", scope="started"))
    assert enqueue(queue, new("b", scope="started")) == [Duplicate("a")]

    claim = queue.call(queue.store.claim(request(worker=WORKER)))
    assert [lease.id for lease in claim.leases] == ["a"]
    assert not {"unique", "traits"} & queue.situation().keys()
    assert enqueue(queue, new("b", scope="started")) == [Status.CREATED]

    BACK[way](queue, "a")
    assert holder(queue) == "b"


def test_a_key_for_some_time_outlives_its_task(queue: QueueUnderTest, clock: ServerTime) -> None:
    enqueue(queue, new("a", scope="+5000"))
    queue.call(queue.store.cancel(1_000, [("a", b"cancelled")]))
    assert enqueue(queue, new("b")) == [Duplicate("a")]

    clock.advance(5_000)
    assert enqueue(queue, new("b", scope="+5000")) == [Status.CREATED]
    assert enqueue(queue, new("c")) == [Duplicate("b")]


def test_a_key_whose_time_is_over_is_forgotten_by_itself(empty_queue: QueueUnderTest, clock: ServerTime) -> None:
    enqueue(empty_queue, new("a", scope="+5000"))
    empty_queue.call(empty_queue.store.cancel(1_000, [("a", b"cancelled")]))
    clock.advance(5_000)

    empty_queue.call(empty_queue.store.forget(ForgetLimits(limit=9, dead_retention_ms=1_000)))

    assert empty_queue.situation() == {"wake": ["1"], "format": "3"}


def test_the_newest_task_replaces_a_waiting_one_which_is_cancelled(queue: QueueUnderTest) -> None:
    queue.given(together(waiting("a"), keyed("a")))

    assert enqueue(queue, new("b", "replace")) == [Status.CREATED]
    assert enqueue(queue, new("b", "replace")) == [Status.EXISTS]

    present = together(waiting("b", run_at_ms=NOW_MS), keyed("b"))
    assert queue.situation() == together(present, replaced("a"), AWAKE)


@pytest.mark.parametrize("mode", ["replace", "debounce"])
@pytest.mark.parametrize("way", ENDS)
def test_while_a_task_is_leased_one_successor_waits_for_its_end(queue: QueueUnderTest, way: str, mode: str) -> None:
    queue.given(together(leased("a"), keyed("a")))
    assert enqueue(queue, new("b", mode, when="+60000")) == [Status.CREATED]
    both = together(leased("a"), succeeding("b", NOW_MS + 60_000), keyed("a"), AWAKE)
    both["traits"]["b"] = f"unique={KEY} done 0 "
    assert queue.situation() == both

    ENDS[way](queue, "a")

    found = queue.situation()
    assert found["unique"] == {KEY: "b"}
    assert "successors" not in found
    assert found["waiting"]["b"] == score_of(5, NOW_MS + 60_000)


@pytest.mark.parametrize("way", BACK)
def test_a_successor_waits_on_when_its_predecessor_runs_again(queue: QueueUnderTest, way: str) -> None:
    queue.given(together(leased("a"), succeeding("b"), keyed("a")))

    BACK[way](queue, "a")

    assert queue.situation()["waiting"]["b"] == score_of(5, PARKED_MS)
    assert holder(queue) == "a"


def test_a_later_successor_replaces_the_earlier_one(queue: QueueUnderTest) -> None:
    queue.given(together(leased("a"), keyed("a")))
    enqueue(queue, new("b", "replace"))

    assert enqueue(queue, new("c", "replace")) == [Status.CREATED]

    expected = together(leased("a"), succeeding("c"), keyed("a"), replaced("b"), AWAKE)
    expected["traits"]["c"] = f"unique={KEY} done 0 "
    assert queue.situation() == expected


def test_a_cancelled_successor_leaves_nothing(queue: QueueUnderTest) -> None:
    queue.given(together(leased("a"), keyed("a")))
    enqueue(queue, new("b", "replace"))

    queue.call(queue.store.cancel(1_000, [("b", b"cancelled")]))

    assert "successors" not in queue.situation()
    ENDS["ack"](queue, "a")
    assert holder(queue) is None


def test_debounce_moves_the_waiting_task_and_gives_it_the_newest_arguments(
    queue: QueueUnderTest, clock: ServerTime
) -> None:
    enqueue(queue, new("a", "debounce", when="+5000", most_ms=8_000))
    clock.advance(4_000)

    assert enqueue(queue, new("b", "debounce", when="+3000", most_ms=8_000)) == [Duplicate("a")]
    found = queue.situation()
    assert found["tasks"] == {"a": "digest-abody of b"}
    assert found["waiting"] == {"a": score_of(5, NOW_MS + 7_000)}

    assert enqueue(queue, new("c", "debounce", when="+5000", most_ms=8_000)) == [Duplicate("a")]
    assert queue.situation()["waiting"] == {"a": score_of(5, NOW_MS + 8_000)}, "at most 8 s after the first call"
    assert enqueue(queue, new("a", "debounce", when="+5000", most_ms=8_000)) == [Status.EXISTS]


def test_debounce_moves_a_successor(queue: QueueUnderTest) -> None:
    queue.given(together(leased("a"), keyed("a")))
    enqueue(queue, new("b", "debounce"))

    assert enqueue(queue, new("c", "debounce", when="+500")) == [Duplicate("b")]

    found = queue.situation()
    assert found["successors"] == {KEY: f"{NOW_MS + 500} b"}
    assert found["tasks"]["b"] == "digest-bbody of c"


def test_debounce_gives_the_task_the_expiry_of_the_newest_call(queue: QueueUnderTest) -> None:
    task = new("a", "debounce")
    enqueue(queue, task)

    later = new("b", "debounce")
    enqueue(queue, later._replace(traits=later.traits + b"expires=+500 9 digest-bgone"))
    found = queue.situation()
    assert found["traits"] == {"a": f"unique={KEY} done 0 call=62 expires={NOW_MS + 500} 9 digest-agone"}
    assert found["expiring"] == {"a": NOW_MS + 500}

    enqueue(queue, new("c", "debounce"))
    assert "expiring" not in queue.situation()


def test_a_revived_task_takes_its_key_again(queue: QueueUnderTest) -> None:
    queue.given(together(dead("a"), {"traits": {"a": f"unique={KEY} done 0 "}, "format": "3"}))

    assert queue.call(queue.store.revive(["a"])) == [Status.REVIVED]

    assert holder(queue) == "a"


def test_a_dead_task_whose_key_is_taken_is_not_revived(queue: QueueUnderTest) -> None:
    before = together(dead("a"), waiting("b"), keyed("b"))
    before["traits"]["a"] = f"unique={KEY} done 0 "
    queue.given(before)

    assert queue.call(queue.store.revive(["a"])) == [Status.TAKEN]

    assert queue.situation() == before


def test_if_the_key_is_not_held_a_task_may_belong_elsewhere(queue: QueueUnderTest) -> None:
    queue.given({})
    assert enqueue(queue, new("a").if_held()) == [Status.UNKNOWN]
    assert queue.situation() == {}

    enqueue(queue, new("a"))
    assert enqueue(queue, new("b").if_held()) == [Duplicate("a")]
    assert enqueue(queue, new("b", "replace").if_held()) == [Status.CREATED]
