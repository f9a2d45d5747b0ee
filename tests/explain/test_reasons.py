"""The table of reasons: what is said of a task, from what is known of it."""

from dataclasses import replace

import pytest

from redisched.explain.reason import Reason
from redisched.explain.reasons import CAUSES, explain
from redisched.explain.task_facts import TaskFacts
from redisched.model import TaskBody, TaskState
from redisched.store.presence import Deployment
from redisched.store.slot_use import QueueSlots
from tests.explain.facts import ERROR, HOUR_MS, KNOWS_ALL, NOW_MS, OF_DEADLINE, PAUSE, ended, facts, task, unserved

LATER_MS = NOW_MS + 3 * HOUR_MS
LATER = "2027-01-15 11:00:00.000+00:00 (in 3 h 0 min)"
BEFORE_MS = NOW_MS - 5_000
BEFORE = "2027-01-15 07:59:55.000+00:00 (5.0 s ago)"
SCHEDULED = task(TaskState.SCHEDULED, run_at_ms=LATER_MS)
RETRYING = task(TaskState.RETRYING, run_at_ms=LATER_MS, attempts=2, failures=(ERROR,))
RUNNING = task(TaskState.RUNNING, worker="w1", started_ms=BEFORE_MS, lease_until_ms=LATER_MS, attempts=1)
LEASED = task(TaskState.LEASED, worker="w1", lease_until_ms=LATER_MS)
NO_HANDLER = Deployment(queues=("mail",), handlers=("track",), codec="json 1")
ENCODED = task(body=TaskBody("send", codec="json 2"))
PUT_OFF = task(TaskState.SCHEDULED, run_at_ms=LATER_MS, redeliveries=3)

SAID: list[tuple[Reason, TaskFacts, str]] = [
    (Reason.SCHEDULED, facts(SCHEDULED), f"The task is scheduled: it is due at {LATER}."),
    (
        Reason.RETRYING,
        facts(RETRYING),
        f"The task has failed in 2 attempts, the last time with ValueError: no; the next attempt is due at {LATER}.",
    ),
    (Reason.BEHIND, facts(task(), ahead=12), "The task is due, but 12 better tasks of queue mail are claimed first."),
    (
        Reason.BEHIND,
        facts(task(), ahead=1, shards=3),
        "The task is due, but 1 better task of queue mail (shard 0 of 3) is claimed first.",
    ),
    (
        Reason.BEHIND,
        facts(task(), ahead=2, slots=QueueSlots(workers=2, slots=8, busy=7)),
        "The task is due, but 2 better tasks of queue mail are claimed first.",
    ),
    (
        Reason.BUSY,
        facts(task(), ahead=2, slots=QueueSlots(workers=2, slots=8, busy=8)),
        "The task is due, but all 8 slots of the 2 live workers of queue mail are busy, and 2 better tasks of queue "
        "mail are claimed first.",
    ),
    (
        Reason.BUSY,
        facts(task(), ahead=0, slots=QueueSlots(workers=1, slots=1, busy=1)),
        "The task is due, but the only slot of the 1 live worker of queue mail is busy.",
    ),
    (
        Reason.NEXT,
        facts(task(), ahead=0),
        "The task is due, and the next of queue mail: a worker with a free slot takes it.",
    ),
    (
        Reason.PAUSED,
        facts(task(), ahead=2, pause=PAUSE),
        "Queue mail is paused: ann@desk paused it 5.0 s ago, until somebody resumes it.",
    ),
    (
        Reason.PAUSED,
        facts(task(), pause=replace(PAUSE, until_ms=LATER_MS)),
        f"Queue mail is paused: ann@desk paused it 5.0 s ago, until {LATER}.",
    ),
    (Reason.NO_WORKER, unserved(task(), ahead=2), "No live worker serves queue mail."),
    (
        Reason.QUIET,
        facts(task(), quiet=(KNOWS_ALL,), ahead=2),
        "All live workers of queue mail are quiet or stopping: they take nothing more.",
    ),
    (Reason.NO_HANDLER, facts(task(), NO_HANDLER), "No live worker of queue mail knows the handler send."),
    (Reason.NO_HANDLER, facts(PUT_OFF, NO_HANDLER), "No live worker of queue mail knows the handler send."),
    (
        Reason.NO_CODEC,
        facts(ENCODED),
        "No live worker of queue mail has the codec json 2, which made its arguments.",
    ),
    (
        Reason.SUCCESSOR,
        facts(task(TaskState.SCHEDULED, is_successor=True, run_at_ms=None), key_holder="b"),
        "The task has the same unique key as b, and follows it: it waits until that has ended.",
    ),
    (
        Reason.EXPIRING,
        facts(task(expires_ms=BEFORE_MS), ahead=4),
        f"No worker started the task before it expired, {BEFORE}: the next look of a worker ends it.",
    ),
    (
        Reason.DEADLINE,
        facts(task(deadline_ms=BEFORE_MS), does_deadline_count=True),
        f"The deadline of the task was {BEFORE}, so it gets no other attempt: the next look of a worker ends it.",
    ),
    (
        Reason.DEADLINE,
        facts(task(TaskState.DEAD, died_ms=BEFORE_MS, deadline_ms=BEFORE_MS, failures=(OF_DEADLINE,))),
        f"The task died 5.0 s ago, as another attempt would have begun after its deadline, which was {BEFORE}; late.",
    ),
    (
        Reason.LEASED,
        facts(LEASED),
        f"Worker w1 has the task leased until {LATER}, and starts it when a slot is free.",
    ),
    (
        Reason.LEASED,
        facts(replace(LEASED, claimed_ms=BEFORE_MS)),
        f"Worker w1 claimed the task 5.0 s ago and has it leased until {LATER}, and starts it when a slot is free.",
    ),
    (Reason.RUNNING, facts(RUNNING), "The task runs: worker w1 began it 5.0 s ago, as attempt 2."),
    (
        Reason.CANCELLING,
        facts(replace(RUNNING, cancel_requested=True)),
        "The task is cancelled: worker w1 has it, where it began 5.0 s ago, and is told within a second to stop it.",
    ),
    (
        Reason.LEASE_OVER,
        facts(replace(RUNNING, lease_until_ms=BEFORE_MS)),
        "Worker w1 had the task and has not renewed its lease, which ended 5.0 s ago: another worker takes it back.",
    ),
    (Reason.SUCCEEDED, facts(ended(TaskState.SUCCEEDED)), "The task succeeded 5.0 s ago."),
    (
        Reason.DEAD,
        facts(task(TaskState.DEAD, died_ms=BEFORE_MS, failures=(replace(ERROR, reason="attempts used up"),))),
        "The task died 5.0 s ago: attempts used up; ValueError: no.",
    ),
    (Reason.CANCELLED, facts(ended(TaskState.CANCELLED)), "The task was cancelled 5.0 s ago."),
    (
        Reason.EXPIRED,
        facts(ended(TaskState.EXPIRED)),
        "The task expired 5.0 s ago: no worker had started it in time.",
    ),
    (
        Reason.LOST,
        facts(ended(TaskState.LOST)),
        "The task was lost 5.0 s ago: it may start only once, and its handler was interrupted.",
    ),
    (
        Reason.UNKNOWN,
        facts(task(TaskState.UNKNOWN, body=None)),
        "No queue has the task: it was never enqueued, or was forgotten after its retention.",
    ),
]


@pytest.mark.parametrize(("reason", "known", "sentence"), SAID)
def test_the_reason_is_said_in_a_sentence(reason: Reason, known: TaskFacts, sentence: str) -> None:
    explanation = explain(known)

    assert (explanation.reason, explanation.sentence, explanation.further) == (reason, sentence, ())
    assert (explanation.id, explanation.queue, explanation.state) == ("a", "mail", known.view.state)


def test_every_reason_is_in_the_table_and_has_a_test() -> None:
    assert {cause.reason for cause in CAUSES} == set(Reason)
    assert {reason for reason, _, _ in SAID} == set(Reason)


def test_what_else_is_in_the_way_is_said_besides() -> None:
    explanation = explain(unserved(SCHEDULED, pause=PAUSE))

    assert (explanation.reason, explanation.further) == (Reason.SCHEDULED, (Reason.PAUSED, Reason.NO_WORKER))
    assert explanation.sentence == (
        f"The task is scheduled: it is due at {LATER}. Besides, queue mail is paused: ann@desk paused it 5.0 s ago, "
        "until somebody resumes it. Besides, no live worker serves queue mail."
    )
    assert explanation.advice == (
        "resume it: redisched queue resume mail; start one: redisched worker MODULE:APP --queues mail"
    )


def test_a_lease_that_is_over_waits_for_a_worker_too() -> None:
    explanation = explain(unserved(replace(RUNNING, lease_until_ms=BEFORE_MS)))

    assert (explanation.reason, explanation.further) == (Reason.LEASE_OVER, (Reason.NO_WORKER,))


@pytest.mark.parametrize(
    ("known", "expected_start_ms"),
    [
        (facts(SCHEDULED), LATER_MS),
        (facts(RETRYING), LATER_MS),
        (facts(SCHEDULED, pause=replace(PAUSE, until_ms=LATER_MS + 7)), LATER_MS + 7),
        (facts(SCHEDULED, pause=replace(PAUSE, until_ms=LATER_MS - 7)), LATER_MS),
        (facts(task(), pause=replace(PAUSE, until_ms=LATER_MS)), LATER_MS),
        (facts(SCHEDULED, pause=PAUSE), None),
        (unserved(SCHEDULED), None),
        (facts(SCHEDULED, NO_HANDLER), None),
        (facts(task(), ahead=0), None),
        (facts(RUNNING), None),
    ],
)
def test_the_expected_start_is_known_if_it_depends_on_time_alone(
    known: TaskFacts, expected_start_ms: int | None
) -> None:
    assert explain(known).expected_start_ms == expected_start_ms


def test_the_facts_are_told_apart_from_the_sentence() -> None:
    running = explain(facts(replace(RUNNING, deadline_ms=LATER_MS)))
    assert (running.worker, running.since_ms, running.until_ms) == ("w1", BEFORE_MS, LATER_MS)
    assert (running.deadline_ms, running.position, running.error) == (LATER_MS, None, None)

    retrying = explain(facts(RETRYING))
    assert (retrying.worker, retrying.since_ms, retrying.error) == ("w1", None, "ValueError: no\nsecond line")

    paused = explain(facts(task(), ahead=3, pause=replace(PAUSE, until_ms=LATER_MS)))
    assert (paused.position, paused.since_ms, paused.until_ms) == (3, PAUSE.since_ms, LATER_MS)

    assert explain(facts(ended(TaskState.SUCCEEDED))).since_ms == BEFORE_MS


@pytest.mark.parametrize(
    "known",
    [
        facts(task(), replace(KNOWS_ALL, handlers=(), more_handlers=1)),
        facts(task(), NO_HANDLER, KNOWS_ALL),
        facts(task(), NO_HANDLER, is_complete=False),
        facts(task(), replace(KNOWS_ALL, queues=("other",))),
        facts(task(body=None), NO_HANDLER),
    ],
    ids=["it may know it", "another knows it", "others are not known", "of another queue", "no name"],
)
def test_a_handler_is_missing_only_if_all_workers_of_the_queue_are_known_to_lack_it(known: TaskFacts) -> None:
    assert explain(known).reason is Reason.NEXT


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (facts(task(), replace(KNOWS_ALL, queues=("other",)), is_served=False), Reason.NO_WORKER),
        (facts(task(), replace(KNOWS_ALL, queues=("other",), more_queues=1), is_served=False), Reason.NEXT),
        (facts(task(), KNOWS_ALL, is_served=False), Reason.NEXT),
        (facts(task(), replace(KNOWS_ALL, queues=()), is_served=False, is_complete=False), Reason.NEXT),
    ],
)
def test_a_queue_has_no_worker_only_if_no_live_one_can_serve_it(known: TaskFacts, reason: Reason) -> None:
    assert explain(known).reason is reason


def test_workers_are_quiet_only_if_all_of_the_queue_are() -> None:
    other = replace(KNOWS_ALL, queues=("other",))

    assert explain(facts(task(), KNOWS_ALL, NO_HANDLER, quiet=(NO_HANDLER,))).reason is Reason.NEXT
    assert explain(facts(task(), KNOWS_ALL, other, quiet=(other,))).reason is Reason.NEXT
    assert explain(facts(task(), KNOWS_ALL, other, quiet=(KNOWS_ALL,))).reason is Reason.QUIET


def test_a_task_that_was_put_off_and_is_understood_by_now_is_scheduled() -> None:
    assert explain(facts(PUT_OFF)).reason is Reason.SCHEDULED


def test_a_deadline_does_not_count_before_the_first_start() -> None:
    assert explain(facts(task(deadline_ms=BEFORE_MS))).reason is Reason.NEXT


def test_a_dead_task_says_how_to_let_it_run_again() -> None:
    assert explain(facts(task(TaskState.DEAD))).advice == "let it run again: redisched dead retry a"


def test_what_other_programs_wrote_cannot_control_a_terminal() -> None:
    hostile = replace(ERROR, error="\x1b[2J" + "x" * 500, worker="w\x07")
    failed = explain(facts(task(TaskState.RETRYING, attempts=1, run_at_ms=LATER_MS, failures=(hostile,))))
    held = explain(facts(replace(LEASED, worker="w\x1b[2J")))
    nameless = explain(facts(task(body=TaskBody("se\x1bnd", codec="c\x1b")), replace(NO_HANDLER, codec="")))

    for explanation in (failed, held, nameless):
        assert explanation.sentence.isprintable()
    assert len(failed.sentence) < 400
