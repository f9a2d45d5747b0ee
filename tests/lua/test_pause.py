"""pause: claims of a paused shard lease nothing, and all other edges go on."""

import pytest

from redisched.errors import FormatTooNew
from redisched.store.pausing import QueuePause, pause_shard
from redisched.store.values import Ack, Claim, ExpireRequest, NewTask, ReapRequest, Release, Status
from tests.lua.queue import QUEUE, QueueUnderTest, request
from tests.lua.situation import AWAKE, TOKEN, WORKER, Situation, claimed, expiring, leased, together, waiting
from tests.script_rewriting import rewrite_scripts
from tests.server_time import NOW_MS, ServerTime

pytestmark = pytest.mark.differs_by_server

DAY_MS = 86_400_000
UNTIL_RESUMED = QueuePause(since_ms=NOW_MS, until_ms=None, by="ann@desk")
FOR_A_MINUTE = QueuePause(since_ms=NOW_MS, until_ms=NOW_MS + 60_000, by="ann@desk")
PAUSED: Situation = {"paused": f"{NOW_MS} 0 ann@desk", "format": "4"}


def pause(queue: QueueUnderTest, wanted: QueuePause = UNTIL_RESUMED) -> Status:
    return queue.call(pause_shard(queue.broker.script_runner, QUEUE, 0, wanted))


def nothing(clock: ServerTime, until_ms: int | None = None) -> Claim:
    return Claim(clock.now_us, until_ms, [], is_paused=True)


@pytest.mark.parametrize("before", [{}, {"format": "3"}, PAUSED, {"paused": "1 2 bob@den", "format": "4"}])
def test_a_pause_takes_the_place_of_an_earlier_one(queue: QueueUnderTest, before: Situation) -> None:
    queue.given(before)

    assert pause(queue) == pause(queue) == Status.PAUSED

    assert queue.situation() == PAUSED


def test_a_claim_of_a_paused_shard_leases_nothing(queue: QueueUnderTest, clock: ServerTime) -> None:
    due = together(waiting("a"), waiting("soon", run_at_ms=NOW_MS + 1))
    queue.given(due, AWAKE)
    pause(queue)

    assert queue.call(queue.store.claim(request(ahead_ms=5, ahead_limit=5))) == nothing(clock)

    assert queue.situation() == together(due, PAUSED), "the wake-up is gone, so that no worker claims again and again"


def test_a_pause_ends_by_itself(queue: QueueUnderTest, clock: ServerTime) -> None:
    queue.given(waiting("a"))
    pause(queue, FOR_A_MINUTE)

    clock.move_to(NOW_MS + 59_999)
    assert queue.call(queue.store.claim(request("1"))) == nothing(clock, NOW_MS + 60_000)

    clock.move_to(NOW_MS + 60_000)
    assert [lease.id for lease in queue.call(queue.store.claim(request("2"))).leases] == ["a"]


def test_a_claim_from_before_the_pause_is_answered_again(queue: QueueUnderTest, clock: ServerTime) -> None:
    queue.given(waiting("a"))
    first = queue.call(queue.store.claim(request()))
    pause(queue)

    assert queue.call(queue.store.claim(request())).leases == first.leases


def test_what_waits_in_a_paused_shard_is_not_forgotten_by_its_worker(queue: QueueUnderTest, clock: ServerTime) -> None:
    queue.given(waiting("b"), leased("a"), claimed(WORKER, "1", TOKEN, "a"), PAUSED)

    assert queue.call(queue.store.claim(request("2"))) == nothing(clock)

    assert queue.situation() == together(waiting("b"), leased("a"), PAUSED)


def test_all_other_edges_of_a_paused_shard_go_on(empty_queue: QueueUnderTest, clock: ServerTime) -> None:
    queue = empty_queue
    queue.given(*(leased(id) for id in "ab"), leased("late", ends_ms=1), expiring("old", expires_ms=1), PAUSED)
    queue.given(waiting("old"))
    reaping = ReapRequest(worker="w", hold_ms=1, grace_ms=0, limit=9, crash_limit=3, failure=b"", lease_ms=1_000)

    assert queue.call(queue.store.enqueue([NewTask("n", 5, "+0", b"digest-nbody")])) == [Status.CREATED]
    assert queue.call(queue.store.ack([Ack("a", TOKEN, DAY_MS, b"digest-aend")])) == [Status.ACKED]
    assert queue.call(queue.store.release([Release("b", TOKEN, 0)])) == [Status.RELEASED]
    assert queue.call(queue.store.cancel(DAY_MS, [("b", b"cancelled")])) == [Status.CANCELLED]
    assert queue.call(queue.store.reap(reaping)).tasks == [("late", Status.RECOVERED)]
    assert queue.call(queue.store.expire(ExpireRequest(limit=9, lease_ms=1_000))).tasks == 1

    assert {*queue.situation()["waiting"]} == {"n", "late"}
    assert queue.call(queue.store.claim(request())) == nothing(clock)


@pytest.mark.parametrize("stored", ["", "garbage", f"{NOW_MS} garbage ann@desk", "0"])
def test_what_is_no_pause_pauses_nothing(queue: QueueUnderTest, clock: ServerTime, stored: str) -> None:
    queue.given(waiting("a"), {"paused": stored, "format": "4"})

    assert [lease.id for lease in queue.call(queue.store.claim(request())).leases] == ["a"]


def test_a_worker_that_does_not_know_of_pauses_is_kept_away(
    queue: QueueUnderTest, clock: ServerTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its scripts, which understand formats up to 3, would go on claiming."""
    queue.given(waiting("a"))
    pause(queue)
    before = queue.situation()
    rewrite_scripts(
        monkeypatch, lambda _, source: source.replace("(tonumber(format) or 0) > 4", "(tonumber(format) or 0) > 3")
    )

    with pytest.raises(FormatTooNew):
        queue.call(queue.store.claim(request()))

    assert queue.situation() == before
