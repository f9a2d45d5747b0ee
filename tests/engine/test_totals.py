"""What a worker has done since it began: it never falls, and has a bounded number of rows."""

import threading

from redisched.activity import AttemptEnd
from redisched.engine.tally import WorkTally
from redisched.engine.totals import Totals
from redisched.metrics.labels import MOST_HANDLERS, OTHER
from redisched.store.tallies import ActivityKey
from tests.metrics.figures import activity

ONE = activity({AttemptEnd.SUCCEEDED: 1})


def succeeded(tally: WorkTally) -> int:
    return sum(row.number(AttemptEnd.SUCCEEDED) for row in tally.since_start().values())


def test_what_was_sent_and_what_was_not_is_told_once() -> None:
    tally = WorkTally()
    for sent in range(1, 5):
        tally.add("mail", AttemptEnd.SUCCEEDED, 1)
        assert succeeded(tally) == sent
        tally.batch(0.0)
        assert succeeded(tally) == sent
        # The second time, the batch is the one that was sent and is not counted yet.
        tally.batch(0.0)
        assert succeeded(tally) == sent
        if sent % 2:
            tally.counted()


def test_what_is_told_is_not_changed_afterwards() -> None:
    tally = WorkTally()
    tally.add("mail", AttemptEnd.SUCCEEDED, 1)
    tally.batch(0.0)
    before = tally.since_start()
    tally.add("mail", AttemptEnd.SUCCEEDED, 1)
    tally.counted()
    tally.batch(0.0)
    assert [row.number(AttemptEnd.SUCCEEDED) for row in before.values()] == [1]


def test_so_many_handlers_of_a_queue_are_told_apart_and_the_others_together() -> None:
    names = [f"h{number}" for number in range(MOST_HANDLERS + 50)]
    totals = Totals(names)
    for queue in ("a", "b"):
        for name in names:
            totals.add({ActivityKey(queue, name): ONE})
            totals.add({ActivityKey(queue, name): ONE})
    found = totals.with_rows({ActivityKey("a", names[-1]): ONE, ActivityKey("a", names[0]): ONE})

    assert len(found) == 2 * (MOST_HANDLERS + 1)
    assert found["a", OTHER].number(AttemptEnd.SUCCEEDED) == 2 * 50 + 1  # type: ignore[index]
    assert found["a", names[0]].number(AttemptEnd.SUCCEEDED) == 3  # type: ignore[index]
    assert found["b", OTHER].number(AttemptEnd.SUCCEEDED) == 2 * 50  # type: ignore[index]


def test_names_that_only_callers_know_take_no_place_from_handlers() -> None:
    totals = Totals(["known"])
    for number in range(1_000):
        totals.add({ActivityKey("mail", f"unknown-{number}"): ONE})
    totals.add({ActivityKey("mail", "known"): ONE, ActivityKey("mail", ""): ONE})

    found = totals.with_rows({})
    assert {key.handler: row.number(AttemptEnd.SUCCEEDED) for key, row in found.items()} == {
        OTHER: 1_000,
        "known": 1,
        "": 1,
    }


def test_a_reader_in_another_thread_never_sees_a_number_fall() -> None:
    tally, seen, ending = WorkTally(), [0], threading.Event()

    def read() -> None:
        while not ending.is_set():
            seen.append(succeeded(tally))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(3_000):
        tally.add(f"queue-{number % 50}", AttemptEnd.SUCCEEDED, 1)
        if number % 7 == 0:
            tally.batch(0.0)
            tally.counted()
    ending.set()
    reader.join()
    assert seen == sorted(seen)
    assert succeeded(tally) == 3_000
