"""claim: the length of a reply is bounded, even if another program wrote very long records."""

from redisched.store.operation import run
from tests.lua.queue import QueueUnderTest, request
from tests.lua.situation import DUE_MS, together, waiting
from tests.server_time import NOW_MS

MOST_BYTES = 4 * 1024 * 1024
LONGEST = MOST_BYTES // 4


def put(queue: QueueUnderTest, id: str, length: int, run_at_ms: int = DUE_MS) -> None:
    """Add a waiting task whose record has this length."""
    queue.given(waiting(id, run_at_ms=run_at_ms))
    queue.broker.client().perform(("HSET", queue.store.keys.tasks, id, bytes(length)))


def claim(
    queue: QueueUnderTest, nonce: str, ahead_ms: int = 0, ahead_limit: int = 0
) -> tuple[dict[str, tuple[int, int]], int | None]:
    """The lengths of the records in the reply and of those that were left out, by id, and when more is due."""
    answer = queue.call(
        queue.store.claim(request(nonce, ahead_ms=ahead_ms, ahead_limit=ahead_limit, longest_record=LONGEST))
    )
    return {lease.id: (len(lease.record), lease.too_long) for lease in answer.leases}, answer.next_due_ms


def test_a_record_that_is_too_long_is_replaced_by_its_length(queue: QueueUnderTest) -> None:
    for id, length in (("a", 9), ("b", LONGEST + 1), ("c", LONGEST), ("d", 3 * MOST_BYTES), ("e", 1)):
        put(queue, id, length)

    given, _ = claim(queue, "1")

    expected = {"a": (9, 0), "b": (0, LONGEST + 1), "c": (LONGEST, 0), "d": (0, 3 * MOST_BYTES), "e": (1, 0)}
    assert given == expected
    assert claim(queue, "1")[0] == expected, "nor is it given when the request is repeated"


def test_due_tasks_that_do_not_fit_stay_and_another_worker_is_woken(queue: QueueUnderTest) -> None:
    for id in "abcdef":
        put(queue, id, LONGEST)

    first, next_due_ms = claim(queue, "1")

    assert (list(first), next_due_ms) == (list("abcd"), NOW_MS)
    assert queue.situation()["wake"] == ["1"]
    assert queue.situation()["waiting"].keys() == {"e", "f"}
    assert list(claim(queue, "1")[0]) == list("abcd")
    assert list(claim(queue, "2")[0]) == list("ef")


def test_tasks_claimed_ahead_that_do_not_fit_stay_due_at_their_time(queue: QueueUnderTest) -> None:
    for number, id in enumerate("abcdef"):
        put(queue, id, LONGEST, NOW_MS + number)

    first, next_due_ms = claim(queue, "1", ahead_ms=20, ahead_limit=9)

    assert (list(first), next_due_ms) == (list("abcd"), NOW_MS + 4)
    assert "wake" not in queue.situation()


def test_a_worker_that_accepts_longer_records_gets_them_one_by_one(queue: QueueUnderTest) -> None:
    for id in "ab":
        put(queue, id, MOST_BYTES + 1)

    answer = queue.call(queue.store.claim(request(longest_record=2 * MOST_BYTES)))

    assert [(lease.id, len(lease.record)) for lease in answer.leases] == [("a", MOST_BYTES + 1)]


def test_long_records_that_another_program_wrote_are_not_sent(queue: QueueUnderTest) -> None:
    length = 8 * 1024 * 1024
    queue.given(together(*(waiting(f"a{number:03}") for number in range(100))))
    client = queue.broker.client()
    for number in range(20):
        client.perform(("HSET", queue.store.keys.tasks, f"a{number:03}", bytes(length)))

    answer = run(queue.store.claim(request(limit=100)), client)

    assert len(answer.leases) == 100
    assert sum(len(lease.record) for lease in answer.leases) < MOST_BYTES
    assert [lease.too_long for lease in answer.leases] == [length] * 20 + [0] * 80
