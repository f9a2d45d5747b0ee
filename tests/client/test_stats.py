"""What workers did: the numbers of a queue, and those of the last minutes."""

from redisched.activity import Activity, AttemptEnd
from redisched.client.stats import Stats
from redisched.store.tallies import ActivityKey

MINUTE_MS = 60_000
NOW_MS = 100 * MINUTE_MS + 30_000


def succeeded(count: int) -> Activity:
    activity = Activity()
    activity.counts[AttemptEnd.SUCCEEDED] = count
    return activity


def stats() -> Stats:
    """Two handlers of `mail` and one of `web`; the first minute is ten minutes before the last."""
    send, bounce, show = ActivityKey("mail", "send"), ActivityKey("mail", "bounce"), ActivityKey("web", "show")
    return Stats(
        from_ms=60 * MINUTE_MS,
        now_ms=NOW_MS,
        step_ms=MINUTE_MS,
        rows={send: succeeded(11), bounce: succeeded(3), show: succeeded(5)},
        series=(
            (90 * MINUTE_MS, {send: succeeded(10)}),
            (95 * MINUTE_MS, {send: succeeded(1), show: succeeded(5)}),
            (100 * MINUTE_MS, {bounce: succeeded(3)}),
        ),
    )


def test_the_numbers_of_a_queue_are_those_of_its_handlers() -> None:
    assert {name: one.ended for name, one in stats().by_queue().items()} == {"mail": 14, "web": 5}


def test_the_latest_begin_with_a_whole_minute() -> None:
    latest = stats().latest(5 * MINUTE_MS)

    assert (latest.from_ms, latest.now_ms) == (95 * MINUTE_MS, NOW_MS)
    assert latest.minutes == 5.5
    assert {name: one.ended for name, one in latest.by_queue().items()} == {"mail": 4, "web": 5}
    assert [begin_ms for begin_ms, _ in latest.series] == [95 * MINUTE_MS, 100 * MINUTE_MS]


def test_the_latest_are_no_more_than_was_read() -> None:
    whole = stats()

    assert whole.latest(24 * 60 * MINUTE_MS).from_ms == whole.from_ms
    assert whole.latest(24 * 60 * MINUTE_MS).whole.ended == whole.whole.ended
