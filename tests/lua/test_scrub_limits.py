"""scrub, of tasks with a limit of when they may start: a lost place never lets a task start twice, nor late."""

from redisched.store.repair import Repair
from redisched.store.values import Expired, ExpireRequest
from tests.lua.queue import QUEUE, QueueUnderTest, request
from tests.lua.situation import AWAKE, deadline, leased, lost, once, together, waiting
from tests.scrubbing import scrub_all
from tests.server_time import NOW_MS


def test_a_task_that_started_once_and_lost_its_place_ends_as_lost(empty_queue: QueueUnderTest) -> None:
    damaged = together(leased("a"), once("a"))
    empty_queue.given({name: damaged[name] for name in ("tasks", "traits", "format")})

    assert scrub_all(empty_queue.broker, QUEUE) == [("a", Repair.PLACE_LOST)]
    assert empty_queue.call(empty_queue.store.claim(request())).leases == []

    assert empty_queue.situation()["outcomes"] == lost("a")["outcomes"]


def test_a_deadline_that_nobody_watched_is_watched_again(empty_queue: QueueUnderTest) -> None:
    whole = together(waiting("a"), deadline("a", deadline_ms=NOW_MS), AWAKE)
    empty_queue.given({name: content for name, content in whole.items() if name != "expiring"})

    assert scrub_all(empty_queue.broker, QUEUE) == [("a", Repair.DEADLINE_LOST)]

    assert empty_queue.situation()["expiring"] == whole["expiring"]
    assert empty_queue.call(empty_queue.store.expire(ExpireRequest(limit=9, lease_ms=1_000))) == Expired(1, 1)


def test_a_deadline_that_does_not_count_yet_and_a_noted_start_are_sound(empty_queue: QueueUnderTest) -> None:
    sound = together(waiting("a"), deadline("a", deadline_ms=1, started=False), leased("b"), once("b"), AWAKE)
    empty_queue.given(sound)

    assert scrub_all(empty_queue.broker, QUEUE) == []

    assert empty_queue.situation() == sound
