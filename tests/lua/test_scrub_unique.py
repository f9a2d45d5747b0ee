"""scrub: keys without a task, and tasks without their key."""

import pytest

from redisched.keys import keys_of
from redisched.model import score_of
from redisched.store.repair import Repair
from tests.lua.keyed import KEY, keyed, succeeding
from tests.lua.queue import QUEUE, QueueUnderTest
from tests.lua.situation import leased, together, waiting
from tests.scrubbing import scrub_all
from tests.server_time import NOW_MS


@pytest.mark.parametrize(
    ("damage", "repairs"),
    [
        (("HDEL", "unique", KEY), [("a", Repair.KEY_LOST)]),
        (("HSET", "unique", "0123", "gone"), [("gone", Repair.STRAY)]),
        (("HSET", "successors", "0123", "5 gone"), [("gone", Repair.STRAY)]),
        (("HSET", "successors", KEY, "?"), [("?", Repair.UNREADABLE)]),
    ],
    ids=["a task without its key", "a key without a task", "a successor that is gone", "unreadable"],
)
def test_the_scrubber_mends_keys(
    empty_queue: QueueUnderTest, damage: tuple[str, str, str], repairs: list[tuple[str, Repair]]
) -> None:
    empty_queue.given(together(waiting("a"), keyed("a")))
    before = empty_queue.situation()
    command, name, *values = damage
    empty_queue.broker.client().perform((command, getattr(keys_of(QUEUE), name), *values))

    assert scrub_all(empty_queue.broker, QUEUE) == repairs

    found = empty_queue.situation()
    found.pop("repairs")
    assert found == before


def test_the_scrubber_lets_a_successor_run_whose_predecessor_is_gone(empty_queue: QueueUnderTest) -> None:
    empty_queue.given(together(succeeding("b", NOW_MS - 5), {"unique": {KEY: "gone"}}))

    assert scrub_all(empty_queue.broker, QUEUE) == [("gone", Repair.STRAY)]

    found = empty_queue.situation()
    assert found["unique"] == {KEY: "b"}
    assert "successors" not in found
    assert found["waiting"]["b"] == score_of(5, NOW_MS - 5)


def test_a_sound_queue_needs_no_repair(empty_queue: QueueUnderTest) -> None:
    empty_queue.given(together(leased("a"), succeeding("b"), {"unique": {KEY: "a"}}))
    empty_queue.broker.client().perform(("HSET", keys_of(QUEUE).traits, "a", f"unique={KEY} done 0 "))

    assert scrub_all(empty_queue.broker, QUEUE) == []
