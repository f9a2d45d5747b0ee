"""scrub: WAITING|LEASED|DEAD|ENDED -> any of them or GONE, for tasks that are in two places or in none."""

from collections.abc import Iterator

import pytest

from redisched.model import BAND, score_of
from redisched.store.broker import Broker
from redisched.store.repair import SOUND, Balance, Repair
from tests.lua.queue import FAR_MS, QUEUE, QueueUnderTest
from tests.lua.situation import (
    AWAKE,
    DUE_MS,
    LEASE_ENDS_MS,
    WORKER,
    Situation,
    cancelled,
    cancelling,
    dead,
    ended,
    leased,
    outcome_of,
    record_of,
    together,
    waiting,
)
from tests.scrubbing import LEASE_MS, RETENTION_MS, scrub, scrub_all
from tests.server_time import NOW_MS, ServerTime

NEIGHBOURS = together(
    waiting("x-waiting", priority=200, run_at_ms=FAR_MS, tries="1 0 0 3", failure="once"),
    waiting("x-due", priority=0),
    leased("x-leased", worker="x-worker", tries="1 1 1 4"),
    leased("x-cancelling", worker="x-worker"),
    cancelling("x-cancelling"),
    dead("x-dead"),
    ended("x-ended"),
)
"""Undamaged tasks, one in every state."""
SCORE = score_of(5, DUE_MS)


@pytest.fixture
def queue(broker: Broker, clock: ServerTime) -> QueueUnderTest:
    """A queue without damage."""
    return QueueUnderTest(broker, NEIGHBOURS)


def without(situation: Situation, *names: str) -> Situation:
    """What is left of a task if its entries in these keys are lost."""
    return {name: content for name, content in situation.items() if name not in names}


def repaired(**counts: int) -> Situation:
    """The stored number of repairs of each kind."""
    return {"repairs": {kind: str(count) for kind, count in counts.items()}}


def dead_without_record(score: int = SCORE) -> Situation:
    return {"dead": {"a": NOW_MS}, "tasks": {"a": ""}, "failures": {"a": f"{score} no record"}}


WAITS_NOW = together(waiting("a", run_at_ms=NOW_MS), AWAKE)

LOST = {
    "a waiting task without its record": (
        without(waiting("a", priority=3), "tasks"),
        dead_without_record(score_of(3, DUE_MS)),
        [Repair.RECORD_LOST],
    ),
    "a dead task without its record": (
        without(dead("a"), "tasks"),
        together(dead("a"), {"tasks": {"a": ""}}),
        [Repair.RECORD_LOST],
    ),
    "a record in no place": ({"tasks": {"a": record_of("a")}}, WAITS_NOW, [Repair.PLACE_LOST]),
    "a record in no place that had failed": (
        without(waiting("a", priority=9, tries="1 0 0 7", failure="boom"), "waiting"),
        together(
            waiting("a", priority=9, run_at_ms=NOW_MS),
            {"tries": {"a": "1 0 0 7"}, "failures": {"a": f"{score_of(9, DUE_MS)} boom"}},
            AWAKE,
        ),
        [Repair.PLACE_LOST],
    ),
    "a record in no place that was to be cancelled": (
        together({"tasks": {"a": record_of("a")}}, cancelling("a")),
        cancelled("a"),
        [Repair.CANCELLED],
    ),
    "a holder without a lease": (
        without(leased("a"), "leases"),
        leased("a", ends_ms=NOW_MS + LEASE_MS),
        [Repair.LEASE_LOST],
    ),
    "a lease without a holder": (without(leased("a"), "held"), WAITS_NOW, [Repair.HOLDER_LOST, Repair.PLACE_LOST]),
    "a lease of a task that is gone": ({"leases": {"a": LEASE_ENDS_MS}}, {}, [Repair.HOLDER_LOST]),
    "an end without its outcome": (without(ended("a"), "outcomes"), {}, [Repair.OUTCOME_LOST]),
    "an outcome that nobody would forget": (
        without(ended("a"), "finished"),
        ended("a", forgotten_ms=NOW_MS + RETENTION_MS),
        [Repair.EXPIRY_LOST],
    ),
    "a dead task without its failure": (
        without(dead("a"), "failures"),
        together(without(dead("a"), "failures"), {"failures": {"a": f"{score_of(5, NOW_MS)} no failure"}}),
        [Repair.FAILURE_LOST],
    ),
}
TWICE = {
    "it waits and is leased": (together(waiting("a"), leased("a")), leased("a")),
    "it waits and is dead": (together(waiting("a"), dead("a")), dead("a")),
    "it is leased and dead": (together(leased("a"), dead("a"), cancelling("a")), dead("a")),
    "it waits and has ended": (together(waiting("a"), ended("a")), ended("a")),
    "it is leased and has ended": (together(leased("a"), ended("a"), cancelling("a")), ended("a")),
    "it is dead and has ended": (together(dead("a"), ended("a")), ended("a")),
    "it is everywhere": (together(waiting("a"), leased("a"), dead("a"), ended("a")), ended("a")),
}
STRAYS = {
    "tries of a task that is gone": ({"tries": {"a": "1 0 0 7"}}, {}),
    "a failure of a task that is gone": ({"failures": {"a": f"{SCORE} boom"}}, {}),
    "a request of a task that is gone": (cancelling("a"), {}),
    "all of them": ({"tries": {"a": "1 0 0 7"}, "failures": {"a": f"{SCORE} boom"}} | cancelling("a"), {}),
    "the record of an ended task": (together(ended("a"), {"tasks": {"a": record_of("a")}}), ended("a")),
    "a request for a dead task": (together(dead("a"), cancelling("a")), dead("a")),
}
UNREADABLE = {
    "a holder": (together(leased("a"), {"held": {"a": "garbage"}}), WAITS_NOW, ["HOLDER_LOST", "PLACE_LOST"]),
    "tries": (waiting("a", tries="garbage"), waiting("a"), []),
    "a failure": (together(leased("a"), {"failures": {"a": "garbage"}}), leased("a"), []),
    "a failure of a dead task": (
        together(dead("a"), {"failures": {"a": "garbage"}}),
        together(dead("a"), {"failures": {"a": f"{score_of(5, NOW_MS)} no failure"}}),
        ["FAILURE_LOST"],
    ),
    "a request": (together(leased("a"), {"cancelling": {"a": "garbage"}}), leased("a"), []),
    "a score below all": (together(waiting("a"), {"waiting": {"a": "-inf"}}), WAITS_NOW, ["PLACE_LOST"]),
    "a score above all": (together(waiting("a"), {"waiting": {"a": 256 * BAND}}), WAITS_NOW, ["PLACE_LOST"]),
    "a fraction": (together(waiting("a"), {"waiting": {"a": "1.5"}}), WAITS_NOW, ["PLACE_LOST"]),
    "a lease without an end": (
        leased("a", ends_ms=FAR_MS),
        leased("a", ends_ms=NOW_MS + LEASE_MS),
        ["LEASE_LOST"],
    ),
}


def test_a_queue_without_damage_is_not_changed(queue: QueueUnderTest) -> None:
    scrubbed = scrub(queue.broker, QUEUE)

    assert (scrubbed.parts, scrubbed.balance, scrubbed.repairs) == ((), SOUND, [])
    assert queue.situation() == {}


@pytest.mark.parametrize(("before", "after", "kinds"), LOST.values(), ids=LOST.keys())
def test_a_task_with_lost_entries_is_repaired(
    queue: QueueUnderTest, before: Situation, after: Situation, kinds: list[Repair]
) -> None:
    queue.given(before)

    scrubbed = scrub(queue.broker, QUEUE)

    assert scrubbed.repairs == [("a", kind) for kind in kinds]
    assert scrubbed.balance == SOUND
    assert queue.situation() == together(after, repaired(**dict.fromkeys(kinds, 1)))


@pytest.mark.parametrize(("before", "after"), TWICE.values(), ids=TWICE.keys())
def test_of_two_places_of_a_task_one_is_kept(queue: QueueUnderTest, before: Situation, after: Situation) -> None:
    queue.given(before)

    assert scrub(queue.broker, QUEUE).repairs == [("a", Repair.TWICE)]

    assert queue.situation() == together(after, repaired(TWICE=1))


@pytest.mark.parametrize(("before", "after"), STRAYS.values(), ids=STRAYS.keys())
def test_entries_that_no_task_needs_are_removed(queue: QueueUnderTest, before: Situation, after: Situation) -> None:
    queue.given(before)

    assert scrub(queue.broker, QUEUE).repairs == [("a", Repair.STRAY)]

    assert queue.situation() == together(after, repaired(STRAY=1))


@pytest.mark.parametrize(("before", "after", "then"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_entries_that_cannot_be_read_are_removed(
    queue: QueueUnderTest, before: Situation, after: Situation, then: list[str]
) -> None:
    queue.given(before)

    assert scrub(queue.broker, QUEUE).repairs == [("a", Repair(kind)) for kind in ("UNREADABLE", *then)]

    assert queue.situation() == together(after, repaired(**dict.fromkeys(("UNREADABLE", *then), 1)))


def test_a_leased_task_without_its_record_is_left_to_its_worker(queue: QueueUnderTest) -> None:
    situation = without(leased("a"), "tasks")
    queue.given(situation)

    scrubbed = scrub(queue.broker, QUEUE)

    assert (scrubbed.repairs, scrubbed.balance) == ([], Balance(-1, 0, 0))
    assert queue.situation() == situation


def test_a_waiting_task_with_a_cancellation_request_is_cancelled(queue: QueueUnderTest) -> None:
    queue.given(waiting("a"), cancelling("a"))

    assert scrub(queue.broker, QUEUE).repairs == [("a", Repair.CANCELLED)]

    assert queue.situation() == together(cancelled("a"), repaired(CANCELLED=1))


@pytest.mark.differs_by_server
def test_repairs_are_counted_by_kind_and_a_second_pass_finds_nothing(queue: QueueUnderTest) -> None:
    queue.given(*({"tasks": {id: record_of(id)}} for id in "abc"), {"tries": {"d": "0 1 0 7"}})

    assert sorted(scrub_all(queue.broker, QUEUE)) == [
        *((id, Repair.PLACE_LOST) for id in "abc"),
        ("d", Repair.STRAY),
    ]
    first = queue.situation()
    assert scrub_all(queue.broker, QUEUE) == []

    assert queue.situation() == first
    assert first["repairs"] == {"PLACE_LOST": "3", "STRAY": "1"}


@pytest.mark.parametrize("count", ["", "many", "1e3", "9" * 25])
def test_a_count_that_cannot_be_read_begins_anew(queue: QueueUnderTest, count: str) -> None:
    queue.given(NEIGHBOURS, {"waiting": {"a": SCORE}}, {"repairs": {"RECORD_LOST": count}})

    scrub_all(queue.broker, QUEUE)

    assert queue.situation()["repairs"] == {"RECORD_LOST": "1"}


@pytest.mark.parametrize(
    ("damage", "balance"),
    [
        ({"tasks": {"a": record_of("a")}}, Balance(1, 0, 0)),
        (without(waiting("a"), "tasks"), Balance(-1, 0, 0)),
        ({"held": {"a": f"7 {SCORE} 0 {WORKER}"}}, Balance(-1, 1, 0)),
        ({"leases": {"a": LEASE_ENDS_MS}}, Balance(0, -1, 0)),
        ({"outcomes": {"a": f"7 {outcome_of('a')}"}}, Balance(0, 0, 1)),
        ({"finished": {"a": NOW_MS}}, Balance(0, 0, -1)),
    ],
)
def test_sizes_that_disagree_are_reported_first(queue: QueueUnderTest, damage: Situation, balance: Balance) -> None:
    queue.given(damage)

    assert scrub(queue.broker, QUEUE, parts=("cancelling",)).balance == balance


def pages(broker: Broker, limit: int) -> Iterator[int]:
    """How many repairs each call of a pass makes."""
    parts: tuple[str, ...] = ("tasks", "waiting")
    cursor = "0"
    while parts:
        scrubbed = scrub(broker, QUEUE, parts=parts, cursor=cursor, limit=limit)
        parts, cursor = scrubbed.parts, scrubbed.cursor
        yield len(scrubbed.repairs)


def test_a_large_queue_is_scrubbed_in_parts(empty_queue: QueueUnderTest) -> None:
    empty_queue.given({"tasks": {f"id-{number:04}": f"digest-0{number}" for number in range(1_000)}})

    repairs = list(pages(empty_queue.broker, limit=50))

    assert sum(repairs) == 1_000
    assert max(repairs) <= 100
    assert len(empty_queue.situation()["waiting"]) == 1_000


def test_one_call_scrubs_as_many_parts_as_its_limit_allows(queue: QueueUnderTest) -> None:
    assert scrub(queue.broker, QUEUE, parts=("dead", "waiting", "held"), limit=3).parts == ("held",)
    assert scrub(queue.broker, QUEUE, parts=("dead", "waiting", "held"), limit=1).parts == ("waiting", "held")


def test_ids_that_are_not_valid_text_are_repaired_too(empty_queue: QueueUnderTest) -> None:
    perform = empty_queue.broker.client().perform
    perform(("HSET", empty_queue.store.keys.tasks, b"\xff\x00", b"record"))

    assert scrub(empty_queue.broker, QUEUE).repairs == [("\udcff\x00", Repair.PLACE_LOST)]

    assert perform(("ZSCORE", empty_queue.store.keys.waiting, b"\xff\x00"))
