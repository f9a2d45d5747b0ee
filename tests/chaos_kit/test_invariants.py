"""Each invariant accepts correct histories and rejects wrong ones."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from redisched.chaos.checker import INVARIANTS, check, check_history
from redisched.chaos.history.record import EnqueueStep, Record, encode
from redisched.chaos.invariants.invariant import Tolerances
from redisched.model import TaskState
from redisched.store.values import Status
from tests.chaos_kit import keyed_lives, limited_starts, paused_queues, schedules
from tests.chaos_kit.histories import (
    OUT_OF_TURN,
    claimed,
    end,
    enqueue,
    final,
    found,
    life,
    settled,
    start,
    unanswered,
    waiting,
)

INVOKED, OK, FAILED, UNKNOWN = EnqueueStep.INVOKED, EnqueueStep.OK, EnqueueStep.FAILED, EnqueueStep.UNKNOWN
RAISED_BY_CRASH: list[Record] = [
    *life("a")[:5],
    settled("a", 3, Status.RECOVERED, 10, due_ms=1),
    claimed("a", 12, 12),
    start("a", 12, 13),
    end("a", 12, 14),
    settled("a", 12, Status.ACKED, 15),
]
"""The process of the first execution is killed; the second execution succeeds."""

GOOD: dict[str, list[Record]] = {
    **limited_starts.GOOD,
    **keyed_lives.GOOD,
    **paused_queues.GOOD,
    **schedules.GOOD,
    "nothing happened": [],
    "a task succeeds": [*life("a"), found("a"), final(1)],
    "tasks succeed one after the other": [*life("a"), *life("b", 100), found("a"), found("b"), final(2)],
    "a task runs again after a crash": RAISED_BY_CRASH,
    "a claim is answered again": [*life("a")[:4], *life("a")[3:]],
    "a task fails and is tried again": [
        *life("a")[:6],
        settled("a", 3, Status.RETRIED, 10, due_ms=50),
        claimed("a", 60, 60, due_ms=50),
        start("a", 60, 61, run_at_ms=50, attempt=2),
        end("a", 60, 62),
        settled("a", 60, Status.ACKED, 63),
    ],
    "a waiting task is cancelled": [enqueue("a"), settled("a", None, Status.CANCELLED, 1)],
    "a leased task is cancelled before it starts": [enqueue("a"), found("a", ended=TaskState.CANCELLED), final(1)],
    "a task is quarantined": [
        enqueue("a"),
        settled("a", 3, Status.QUARANTINED, 9),
        found("a", ("dead", "tasks"), TaskState.DEAD),
        final(1),
    ],
    "a start was written down before its enqueue": [start("a", 1, 0), enqueue("a", 1)],
    "an enqueue is refused": [enqueue("a", 0, INVOKED), enqueue("a", 1, FAILED), final()],
    "an enqueue without an answer did not happen": [enqueue("a", 0, INVOKED), enqueue("a", 1, UNKNOWN), final()],
    "an enqueue without an answer happened": [enqueue("a", 0, UNKNOWN), start("a", 1, 1), found("a"), final(1)],
    "a producer was killed over its enqueue": [
        enqueue("a", 0, INVOKED),
        found("a", ("tasks", "waiting"), None),
        final(1),
    ],
    "a start is read a moment early": [enqueue("a", not_before_ms=100), start("a", 1, 99.5, run_at_ms=100)],
    "a worker that was stopped starts late, after its lease": [
        enqueue("a"),
        start("a", 2, 10),
        end("a", 2, 11),
        start("a", 1, 12),
        end("a", 1, 13),
        settled("a", 1, Status.RECOVERED, 5, due_ms=0),
    ],
    "an overlap without an observer has a greater token": [enqueue("a"), start("a", 1, 1), start("a", 2, 2)],
    "an overlap may come of a call whose answer nobody saw": [
        *life("a")[:5],
        unanswered("reap", 5),
        claimed("a", 7, 7),
        start("a", 7, 8),
        settled("a", 7, Status.ACKED, 9),
    ],
    "a better task may have been leased unseen": [
        *(enqueue(task) for task in "ab"),
        waiting("b", 0, priority=0),
        unanswered("claim", 10),
        claimed("a", 5_000, 5_000, priority=5),
        start("a", 5_000, 5_001),
        claimed("b", 5_003, 5_003, priority=0),
        start("b", 5_003, 5_004, priority=0),
    ],
    "a better task comes a moment before a claim": [
        *(enqueue(task) for task in "ab"),
        waiting("a", 0, priority=5),
        waiting("b", 10, priority=0, due_ms=10),
        claimed("a", 11, 11, priority=5),
        settled("a", 11, Status.CANCELLED, 12),
        settled("b", None, Status.CANCELLED, 12),
    ],
    "a better task is not due yet": [
        *(enqueue(task) for task in "ab"),
        waiting("a", 0, priority=5),
        waiting("b", 0, priority=0, due_ms=60_000),
        claimed("a", 5_000, 5_000, priority=5),
        settled("a", 5_000, Status.CANCELLED, 5_001),
        settled("b", None, Status.CANCELLED, 5_001),
    ],
    "a better task was taken before": [
        *(enqueue(task) for task in "ab"),
        waiting("a", 0, priority=5),
        waiting("b", 0, priority=0),
        claimed("b", 5_000, 5_000, priority=0),
        claimed("a", 5_000, 5_000, priority=5),
        start("b", 5_000, 5_001, priority=0),
        start("a", 5_000, 5_001),
    ],
    "a better task was taken before its return was heard of": [
        *(enqueue(task) for task in "ab"),
        waiting("a", 0, priority=5),
        waiting("b", 0, priority=0),
        claimed("b", 1, 1, priority=0),
        claimed("b", 10, 10, priority=0),
        settled("b", 1, Status.RELEASED, 11, due_ms=0),
        claimed("a", 5_000, 5_000, priority=5),
        start("a", 5_000, 5_001),
        claimed("b", 5_002, 5_002, priority=0),
        settled("b", 10, Status.RECOVERED, 5_003, due_ms=0),
        start("b", 5_002, 5_004, priority=0),
    ],
    "a worker stands still with what it claimed in turn": [
        *(enqueue(task) for task in "abcd"),
        *(start(task, 2, 10, run_at_ms=turn) for turn, task in enumerate("bcd", start=1)),
        start("a", 1, 20, run_at_ms=0),
    ],
    "a task that was claimed before has lost its turn, though its return is not heard of yet": [
        *(enqueue(task) for task in "abcd"),
        claimed("a", 1, 1),
        *(start(task, 2, 10, run_at_ms=turn) for turn, task in enumerate("bcd", start=1)),
        claimed("a", 3, 15),
        start("a", 3, 20, run_at_ms=0),
        settled("a", 1, Status.RECOVERED, 21, due_ms=0),
    ],
    "a task may have been given back unseen": [
        *(enqueue(task) for task in "abcd"),
        unanswered("reap", 5),
        *(start(task, 1, 10, run_at_ms=turn) for turn, task in enumerate("bcd", start=1)),
        start("a", 2, 20, run_at_ms=0),
    ],
}

STRICT = Tolerances(overtakers=2)

BAD: list[tuple[str, str, list[Record], list[int]]] = [
    ("I1", "a task is never executed", [enqueue("a"), found("a", ("tasks", "waiting"), None), final(1)], [0]),
    ("I1", "all but one are executed", [*life("a"), enqueue("b")], [7]),
    ("I2", "a task nobody enqueued is executed", [start("a", 1, 1)], [0]),
    ("I3", "two completions", [*life("a"), settled("a", 3, Status.ACKED, 9)], [6, 7]),
    ("I4", "a stale completion", [*RAISED_BY_CRASH[:-1], settled("a", 3, Status.ACKED, 15)], [6, 9]),
    ("I4", "a lease after the completion", [*life("a"), claimed("a", 9, 9)], [7, 6]),
    ("I5", "before the producer's time", [enqueue("a", not_before_ms=100), start("a", 1, 98)], [0, 1]),
    ("I5", "before the time of a retry", [enqueue("a"), start("a", 1, 98, run_at_ms=100)], [1]),
    (
        "I6",
        "two at once under live leases",
        [*life("a")[:5], claimed("a", 5, 5), start("a", 5, 6), end("a", 3, 7), end("a", 5, 8), *life("b", 20)],
        [4, 6],
    ),
    (
        "I6",
        "the first lease ends long after the second began",
        [*life("a")[:5], claimed("a", 5, 5), start("a", 5, 6), settled("a", 3, Status.RECOVERED, 5_000, due_ms=1)],
        [4, 6],
    ),
    ("I7", "a token is given twice", [*life("a")[:5], claimed("a", 3, 4, worker="w2"), *life("a")[5:]], [3, 5]),
    ("I7", "a token is smaller", [*life("a")[:4], claimed("a", 2, 4), *life("a")[4:]], [3, 4]),
    ("I7", "two starts under a token", [*life("a"), start("a", 3, 9), end("a", 3, 10)], [4, 7]),
    ("I7", "a start under a smaller token", [*life("a"), start("a", 2, 9), end("a", 2, 10)], [4, 7]),
    (
        "I8",
        "a better task is passed over",
        [
            *(enqueue(task) for task in "ab"),
            waiting("b", 0, priority=0),
            claimed("a", 5_000, 5_000, priority=5),
            start("a", 5_000, 5_001),
            settled("b", None, Status.CANCELLED, 5_002),
        ],
        [2, 3],
    ),
    (
        "I8",
        "a better task that was given back is passed over",
        [
            *(enqueue(task) for task in "ab"),
            waiting("b", 0, priority=0),
            claimed("b", 10, 10, priority=0),
            settled("b", 10, Status.RELEASED, 11, due_ms=0),
            claimed("a", 5_000, 5_000, priority=5),
            start("a", 5_000, 5_001),
            settled("b", None, Status.CANCELLED, 5_002),
        ],
        [4, 5],
    ),
    (
        "I8",
        "a better task is passed over behind one that failed",
        [
            *(enqueue(task) for task in "abc"),
            waiting("b", 0, priority=0),
            waiting("c", 10, priority=0),
            claimed("b", 20, 20, priority=0),
            settled("b", 20, Status.RETRIED, 21, due_ms=60_000),
            claimed("a", 5_000, 5_000, priority=5),
            start("a", 5_000, 5_001),
            *(settled(task, None, Status.CANCELLED, 5_002) for task in "bc"),
        ],
        [4, 7],
    ),
    (
        "I8",
        "a better task is passed over behind one that was claimed before it was known",
        [
            *(enqueue(task) for task in "abc"),
            claimed("c", 0, 0, priority=0),
            waiting("c", 1, priority=0),
            waiting("b", 2, priority=0),
            claimed("a", 5_000, 5_000, priority=5),
            start("a", 5_000, 5_001),
            start("c", 0, 5_001),
            settled("b", None, Status.CANCELLED, 5_002),
        ],
        [5, 6],
    ),
    ("I9", "three of three overtake", OUT_OF_TURN, [7]),
    ("I11", "a task is nowhere", [*life("a"), final()], [2, 7]),
    ("I11", "a task is nowhere, though sent again in vain", [*life("a"), enqueue("a", 9, UNKNOWN), final()], [2, 8]),
    ("I11", "nobody enqueued it", [found("a"), final(1)], [0]),
    ("I11", "two shards", [*life("a"), found("a"), found("a"), final(2)], [7, 8]),
    ("I11", "two places", [*life("a"), found("a", ("finished", "outcomes", "tasks", "waiting")), final(1)], [2, 7]),
    ("I11", "without its record", [*life("a"), found("a", ("waiting",), None), final(1)], [2, 7]),
    ("I11", "a record without its task", [*life("a"), found("a", ("tasks",), None), final(1)], [2, 7]),
    *limited_starts.BAD,
    *keyed_lives.BAD,
    *paused_queues.BAD,
    *schedules.BAD,
    ("I12", "half there", [enqueue("a", 0, UNKNOWN), found("a", ("waiting",), None), final(1)], [0, 1]),
    ("I12", "executed and vanished", [enqueue("a", 0, INVOKED), start("a", 1, 1), final()], [0, 1]),
]


@pytest.mark.parametrize("history", GOOD.values(), ids=GOOD.keys())
def test_a_correct_history_is_accepted(history: list[Record]) -> None:
    assert [str(violation) for violation in check(history)] == []


@pytest.mark.parametrize(
    ("invariant", "history", "shown"),
    [(invariant, history, shown) for invariant, _, history, shown in BAD],
    ids=[f"{invariant}: {story}" for invariant, story, _, _ in BAD],
)
def test_a_wrong_history_violates_one_invariant_and_the_records_are_shown(
    invariant: str, history: Sequence[Record], shown: list[int]
) -> None:
    (violation,) = check(history, STRICT)

    assert violation.invariant == invariant
    assert violation.records == tuple(history[at] for at in shown)
    assert str(violation).startswith(f"{invariant}: ")


@pytest.mark.parametrize("part_bytes", [100, 1_000, 1_000_000])
@pytest.mark.parametrize("history", [*GOOD.values(), *(history for _, _, history, _ in BAD)])
def test_a_history_read_in_parts_has_the_same_violations(
    tmp_path: Path, history: Sequence[Record], part_bytes: int
) -> None:
    (tmp_path / "1.jsonl").write_bytes(b"".join(map(encode, history)))

    assert list(check_history(tmp_path, STRICT, part_bytes)) == list(check(history, STRICT))


def test_each_invariant_has_a_wrong_history() -> None:
    names = {invariant.name for invariant in INVARIANTS}

    assert names == {f"I{number}" for number in (*range(1, 14), 18, 21, 22)}
    assert {invariant for invariant, _, _, _ in BAD} == names
