"""renew: LEASED -> LEASED."""

from redisched.store.values import BLAMELESS, Renewal, Status
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import LEASE_ENDS_MS, TOKEN, cancelling, ended, leased, together, waiting
from tests.server_time import NOW_MS, ServerTime

STALE = TOKEN - 1
STARTED_MS = NOW_MS - 500


def test_the_lease_lasts_from_now(queue: QueueUnderTest, clock: ServerTime) -> None:
    queue.given(leased("a", ends_ms=LEASE_ENDS_MS))
    clock.advance(10_000)

    assert queue.call(queue.store.renew(30_000, [Renewal("a", TOKEN, 0)])) == [Status.RENEWED]

    assert queue.situation() == leased("a", ends_ms=NOW_MS + 40_000)


def test_an_expired_lease_that_was_not_reaped_can_be_renewed(queue: QueueUnderTest) -> None:
    queue.given(leased("a", ends_ms=NOW_MS - 60_000))

    assert queue.call(queue.store.renew(30_000, [Renewal("a", TOKEN, 0)])) == [Status.RENEWED]

    assert queue.situation() == leased("a", ends_ms=NOW_MS + 30_000)


def test_a_renewal_stores_that_the_task_has_started(queue: QueueUnderTest) -> None:
    queue.given(leased("a", priority=255, worker="worker with-odd:name"))

    queue.call(queue.store.renew(30_000, [Renewal("a", TOKEN, STARTED_MS)]))

    assert queue.situation() == leased("a", priority=255, worker="worker with-odd:name", started_ms=STARTED_MS)


def test_a_late_renewal_does_not_remove_the_start(queue: QueueUnderTest) -> None:
    """A renewal from before the start arrived late, or was sent again."""
    queue.given(leased("a", started_ms=STARTED_MS))

    assert queue.call(queue.store.renew(30_000, [Renewal("a", TOKEN, 0)])) == [Status.RENEWED]

    assert queue.situation() == leased("a", started_ms=STARTED_MS)


def test_a_stopping_worker_can_remove_the_start(queue: QueueUnderTest) -> None:
    queue.given(leased("a", started_ms=STARTED_MS))

    assert queue.call(queue.store.renew(30_000, [Renewal("a", TOKEN, BLAMELESS)])) == [Status.RENEWED]

    assert queue.situation() == leased("a", started_ms=0)


def test_a_renewal_reports_a_requested_cancellation(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), leased("b"), cancelling("b"))

    renewals = [Renewal("a", TOKEN, 0), Renewal("b", TOKEN, 0)]
    assert queue.call(queue.store.renew(60_000, renewals)) == [Status.RENEWED, Status.CANCELLING]

    ends_ms = NOW_MS + 60_000
    assert queue.situation() == together(leased("a", ends_ms=ends_ms), leased("b", ends_ms=ends_ms), cancelling("b"))


def test_a_stale_token_changes_nothing_and_gets_no_cancellation(queue: QueueUnderTest) -> None:
    tasks = together(leased("a"), cancelling("a"))
    queue.given(tasks)

    assert queue.call(queue.store.renew(60_000, [Renewal("a", STALE, STARTED_MS)])) == [Status.LOST]

    assert queue.situation() == tasks


def test_a_repeated_call_gets_the_same_answer(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))
    renewals = [Renewal("a", TOKEN, STARTED_MS)] * 2

    for _ in range(2):
        assert queue.call(queue.store.renew(30_000, renewals)) == [Status.RENEWED] * 2

    assert queue.situation() == leased("a", started_ms=STARTED_MS)


def test_t07_what_is_not_leased_any_more_gets_no_lease(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), ended("b"))

    renewals = [Renewal(id, TOKEN, STARTED_MS) for id in ("a", "b", "missing")]
    assert queue.call(queue.store.renew(30_000, renewals)) == [Status.LOST] * 3

    assert queue.situation() == together(waiting("a"), ended("b"))


def test_a_batch_may_be_larger_than_what_lua_can_unpack_at_once(queue: QueueUnderTest) -> None:
    ids = [f"a{number}" for number in range(1_001)]
    queue.given(*(leased(id) for id in ids))

    renewals = [Renewal(id, TOKEN, STARTED_MS) for id in ids]
    assert queue.call(queue.store.renew(45_000, renewals)) == [Status.RENEWED] * 1_001

    assert queue.situation() == together(*(leased(id, ends_ms=NOW_MS + 45_000, started_ms=STARTED_MS) for id in ids))
