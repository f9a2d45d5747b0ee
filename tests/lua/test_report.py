"""report: LEASED -> LEASED. What a handler tells stays with its task until the task is forgotten."""

from collections.abc import Callable

import pytest

from redisched.model import TaskState
from redisched.progress import MOST_BYTES, MOST_LINES, Progress, encode_lines, encode_progress
from redisched.store.operation import Operation
from redisched.store.report import Report
from redisched.store.reported import Reported, read_report
from redisched.store.store import Store
from redisched.store.values import (
    Ack,
    Bury,
    FailedAttempt,
    ForgetLimits,
    Orphan,
    Release,
    SnoozedTask,
    Status,
)
from tests.lua.queue import QUEUE, QueueUnderTest
from tests.lua.reaping import reaper
from tests.lua.reaping import request as reap
from tests.lua.situation import TOKEN, Situation, cancelling, dead, ended, leased, once, together, waiting
from tests.scrubbing import scrub_all

HALF = Progress(done=1, total=2, note="páges", at_ms=5)


def reported(id: str, head: str = f"{TOKEN} 1 0 0 1 0", rest: str = " 1 5 hello\n") -> Situation:
    return {"reports": {id: f"{head} {rest}"}}


def report(
    queue: QueueUnderTest, number: int, *texts: str, token: int = TOKEN, version: int = 1, progress: bytes = b""
) -> list[Status]:
    lines = b"".join(line for text in texts for line in encode_lines(text, attempt=1, at_ms=5))
    return queue.call(queue.store.report([Report("a", token, number, version, progress, lines)]))


def read(queue: QueueUnderTest, id: str = "a", after: int = 0) -> Reported:
    return queue.call(read_report(queue.broker.script_runner, QUEUE, 0, id, after))


def texts(queue: QueueUnderTest, after: int = 0) -> list[tuple[int, str]]:
    return [(line.number, line.text) for line in read(queue, after=after).log.lines]


def test_a_progress_and_lines_are_stored_and_read(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))

    assert report(queue, 0, "one", "zwölf", progress=encode_progress(HALF)) == [Status.REPORTED]
    assert report(queue, 2, "three") == [Status.REPORTED]

    found = read(queue)
    assert (found.view.state, found.progress) == (TaskState.LEASED, HALF)
    assert texts(queue) == [(1, "one"), (2, "zwölf"), (3, "three")]
    assert texts(queue, after=2) == [(3, "three")]
    assert texts(queue, after=9) == []
    assert {(line.attempt, line.at_ms) for line in found.log.lines} == {(1, 5)}


def test_a_task_that_told_nothing_has_nothing(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))

    assert (read(queue).progress, read(queue).log.lines, read(queue, "b").view.state) == (None, (), TaskState.UNKNOWN)


def test_a_repeated_call_adds_no_line_twice(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))

    for _ in range(2):
        assert report(queue, 0, "one", "two", progress=b"p") == [Status.REPORTED]
    assert report(queue, 1, "two", "three") == [Status.REPORTED]

    assert texts(queue) == [(1, "one"), (2, "two"), (3, "three")]


def test_an_older_progress_that_comes_late_changes_nothing(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))

    report(queue, 0, "one", "two", version=2, progress=encode_progress(HALF))
    report(queue, 0, "one", version=1, progress=b"older")
    report(queue, 2, version=2)

    assert (read(queue).progress, texts(queue)) == (HALF, [(1, "one"), (2, "two")])


def test_the_next_lease_goes_on_after_the_lines_of_the_one_before(queue: QueueUnderTest) -> None:
    queue.given(together(leased("a"), reported("a", head=f"{TOKEN - 1} 1 9 0 1 3", rest="abc1 5 hello\n")))

    assert report(queue, 0, "again") == [Status.REPORTED]

    assert texts(queue) == [(1, "hello"), (2, "again")]
    assert queue.situation()["reports"]["a"].startswith(f"{TOKEN} 1 0 0 2 3 abc")


def test_lines_that_the_worker_could_not_keep_count_as_dropped(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))
    report(queue, 0, "one", "two")

    assert report(queue, 5, "six") == [Status.REPORTED]

    assert (texts(queue), read(queue).log.dropped) == ([(6, "six")], 5)


def test_the_oldest_lines_are_dropped_and_counted(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))

    report(queue, 0, *(str(number) for number in range(1, MOST_LINES + 1)))
    report(queue, MOST_LINES, "x", "y")

    found = read(queue).log
    assert (len(found.lines), found.dropped, found.lines[0].text, found.lines[-1].text) == (MOST_LINES, 2, "3", "y")
    assert texts(queue, after=MOST_LINES + 1) == [(MOST_LINES + 2, "y")]


def test_a_log_has_at_most_so_many_bytes(queue: QueueUnderTest) -> None:
    queue.given(leased("a"))
    line = "ü" * 1_000

    for number in range(20):
        report(queue, number, line)

    kept = MOST_BYTES // len(next(encode_lines(line, 1, 5)))
    assert [number for number, _ in texts(queue)] == list(range(21 - kept, 21))
    report(queue, 20, "x" * 2_000 + "\n" * 5)
    assert read(queue).log.dropped + len(read(queue).log.lines) == 25


@pytest.mark.parametrize("token", [TOKEN - 1, TOKEN + 1])
def test_a_worker_that_lost_the_lease_reports_nothing(queue: QueueUnderTest, token: int) -> None:
    before = together(leased("a"), reported("a"))
    queue.given(before)

    assert report(queue, 0, "stale", token=token, progress=b"p") == [Status.LOST]

    assert queue.situation() == before


def test_in_no_other_state_a_task_is_given_one(queue: QueueUnderTest) -> None:
    before = together(waiting("a"), dead("b"), ended("c"))
    queue.given(before)

    rows = [Report(id, TOKEN, 0, 1, b"p", b"1 5 x\n") for id in "abcd"]
    assert queue.call(queue.store.report(rows)) == [Status.LOST] * 4

    assert queue.situation() == before


def test_what_another_program_wrote_is_taken_for_nothing(queue: QueueUnderTest) -> None:
    queue.given(leased("a"), {"reports": {"a": "something else"}})
    assert (read(queue).progress, read(queue).log.lines) == (None, ())

    report(queue, 0, "one")

    assert texts(queue) == [(1, "one")]


@pytest.mark.parametrize("head", [f"{TOKEN} 0 0 0 999 0", f"{TOKEN} 0 0 0 0 999999", "1 0 0 0 9 0"])
def test_wrong_numbers_do_no_harm(queue: QueueUnderTest, head: str) -> None:
    queue.given(leased("a"), reported("a", head, "garbage"))

    assert report(queue, 0, "one", "two") == [Status.REPORTED]

    assert [line.text for line in read(queue).log.lines][-1:] in ([], ["two"])


KEPT: dict[str, Callable[[Store], Operation[object]]] = {
    "retry": lambda store: store.retry([FailedAttempt("a", TOKEN, 0, b"boom")]),
    "snooze": lambda store: store.snooze([SnoozedTask("a", TOKEN, 0)]),
    "release": lambda store: store.release([Release("a", TOKEN, 0, started=1)]),
    "recover": lambda store: store.recover("worker-1", 3, b"crashed", [Orphan("a", TOKEN, 1)]),
    "bury": lambda store: store.bury([Bury("a", TOKEN, b"boom")]),
    "ack": lambda store: store.ack([Ack("a", TOKEN, 1_000, b"digest-aend of a")]),
    "cancelled release": lambda store: store.release([Release("b", TOKEN, 0)]),
    "cancel": lambda store: store.cancel(1_000, [("c", b"cancelled")]),
    "discard": lambda store: store.discard(1_000, [("d", b"discarded")]),
    "revive": lambda store: store.revive(["d"], b"other arguments"),
    "lost": lambda store: store.retry([FailedAttempt("e", TOKEN, 0, b"boom")]),
}


@pytest.mark.parametrize("edge", KEPT)
def test_it_stays_with_the_task_and_then_with_its_outcome(queue: QueueUnderTest, edge: str) -> None:
    tasks = (leased("a"), leased("b"), cancelling("b"), waiting("c"), dead("d"), leased("e"), once("e"))
    queue.given(*tasks, *(reported(id) for id in "abcde"))

    queue.call(KEPT[edge](queue.store))

    assert queue.situation()["reports"] == dict.fromkeys("abcde", f"{TOKEN} 1 0 0 1 0  1 5 hello\n")


def test_it_stays_when_a_lease_ends(queue: QueueUnderTest) -> None:
    queue.given(leased("a", ends_ms=1), reported("a"), reaper())

    assert queue.call(queue.store.reap(reap())).tasks == [("a", Status.RECOVERED)]

    assert "a" in queue.situation()["reports"]


def test_it_is_forgotten_with_its_outcome_and_with_a_dead_task(queue: QueueUnderTest) -> None:
    queue.given(dead("a", died_ms=1), ended("b", forgotten_ms=1), dead("c"), ended("d"), leased("e"))
    queue.given(*(reported(id) for id in "abcde"))

    queue.call(queue.store.forget(ForgetLimits(limit=9, dead_retention_ms=1_000)))

    assert queue.situation()["reports"].keys() == set("cde")


def test_nothing_is_told_where_only_the_state_is_kept(queue: QueueUnderTest) -> None:
    outcome = b"digest-a" + b"\x97\xa9succeeded\xa0\x00\xa0\x00\x00\xc0"
    queue.given(leased("a"), reported("a"))

    queue.call(queue.store.ack([Ack("a", TOKEN, 1_000, outcome)]))

    assert (read(queue).view.state, read(queue).log.lines) == (TaskState.SUCCEEDED, ())


def test_a_scrubber_removes_one_without_a_task(empty_queue: QueueUnderTest) -> None:
    empty_queue.given(waiting("b"), leased("c"), dead("d"), ended("e"), *(reported(id) for id in "abcde"))

    assert [id for id, _ in scrub_all(empty_queue.broker, QUEUE)] == ["a"]

    assert empty_queue.situation()["reports"].keys() == set("bcde")
