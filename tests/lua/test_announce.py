"""announce: of the deploys of an application that run side by side, the newest one declares its schedules."""

import pytest

from redisched.store.schedule_values import Announcement
from tests.lua.queue import QueueUnderTest
from tests.lua.scheduled import store
from tests.server_time import NOW_MS, ServerTime

APPLICATION = "shop"
ALIVE_MS = 30_000


def announce(queue: QueueUnderTest, digest: str, application: str = APPLICATION) -> Announcement:
    return queue.call(store(queue).announce(application, digest, ALIVE_MS))


def test_the_first_digest_of_an_application_is_current(queue: QueueUnderTest) -> None:
    first = announce(queue, "old")

    assert first == Announcement(is_current=True, epoch=f"{NOW_MS * 1_000}")
    assert announce(queue, "old") == first
    assert queue.situation() == {"declared": {APPLICATION: f"{first.epoch} old old 1 {NOW_MS}"}}


def test_a_newer_digest_takes_over_and_the_older_declares_nothing(queue: QueueUnderTest) -> None:
    old = announce(queue, "old")
    new = announce(queue, "new")

    assert new.is_current
    assert int(new.epoch) > int(old.epoch)
    assert announce(queue, "old") == Announcement(is_current=False, epoch=new.epoch)
    assert announce(queue, "new") == new


def test_a_rollback_is_one_once_no_worker_of_the_newer_deploy_lives(queue: QueueUnderTest, clock: ServerTime) -> None:
    announce(queue, "old")
    new = announce(queue, "new")
    clock.move_to(NOW_MS + ALIVE_MS - 1)
    assert not announce(queue, "old").is_current

    clock.move_to(NOW_MS + ALIVE_MS)
    rolled_back = announce(queue, "old")

    assert rolled_back.is_current
    assert int(rolled_back.epoch) > int(new.epoch)
    assert announce(queue, "new").is_current, "the same deploy again is still the newer one"
    assert not announce(queue, "old").is_current


def test_applications_do_not_meet(queue: QueueUnderTest) -> None:
    announce(queue, "new")

    assert announce(queue, "old", "billing").is_current
    assert announce(queue, "new").is_current


def test_the_digests_seen_last_are_kept(queue: QueueUnderTest, clock: ServerTime) -> None:
    for number in range(100):
        clock.move_to(NOW_MS + number)
        announce(queue, f"d{number}")

    kept = queue.situation()["declared"][APPLICATION].split(" ")[2:]
    assert kept[0::3] == [f"d{number}" for number in range(99, 79, -1)]
    assert kept[1::3] == [str(number) for number in range(100, 80, -1)]


@pytest.mark.parametrize("damaged", ["", "nonsense", "12", "12 x y z"])
def test_damage_makes_the_caller_current(queue: QueueUnderTest, damaged: str) -> None:
    queue.given({"declared": {APPLICATION: damaged}})

    assert announce(queue, "old").is_current
