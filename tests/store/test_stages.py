"""How many tasks run and how many retry, counted exactly where few have to be looked at, and never too high."""

from dataclasses import replace

import pytest

from redisched.store import inspect_shard
from redisched.store.stages import QueueStages, stages_of_all
from tests.lua.situation import dead, leased, together, waiting
from tests.server_time import NOW_MS
from tests.store.observed import Observed

pytestmark = pytest.mark.differs_by_server

TRIED = "1 0 0 7"
RETRYING = tuple(waiting(f"retrying-{number}", run_at_ms=NOW_MS + 1 + number, tries=TRIED) for number in range(3))
ONLY_GIVEN_BACK = waiting("given-back", run_at_ms=NOW_MS + 1, tries="0 0 2 7")
DUE_AGAIN = waiting("due-again", run_at_ms=NOW_MS, tries=TRIED)
SCHEDULED = tuple(waiting(f"scheduled-{number}", priority=number % 3, run_at_ms=NOW_MS + 9_000) for number in range(6))
LEASED = (leased("leased", tries=TRIED), leased("runs", started_ms=NOW_MS), leased("runs-too", started_ms=NOW_MS))


def few_looks(monkeypatch: pytest.MonkeyPatch, looks: int) -> None:
    monkeypatch.setattr(inspect_shard, "STAGE_LOOKS", looks)


def test_an_empty_queue_has_none(queue: Observed) -> None:
    assert queue.see(queue.inspector.stages()) == QueueStages()


def test_tasks_that_run_and_that_retry_are_counted(queue: Observed) -> None:
    queue.given(*RETRYING, ONLY_GIVEN_BACK, DUE_AGAIN, *LEASED, dead("dead"))
    assert queue.see(queue.inspector.stages()) == QueueStages(running=2, retrying=3)


def test_among_many_scheduled_tasks_those_that_were_tried_are_looked_at(
    queue: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.given(*RETRYING, ONLY_GIVEN_BACK, *SCHEDULED)
    few_looks(monkeypatch, 5)
    assert queue.see(queue.inspector.stages()) == QueueStages(retrying=3)


def test_among_many_that_were_tried_the_scheduled_ones_are_looked_at(
    queue: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = [waiting(f"due-{number}", run_at_ms=NOW_MS - number, tries=TRIED) for number in range(20)]
    queue.given(*RETRYING, *tried)
    few_looks(monkeypatch, 3)
    assert queue.see(queue.inspector.stages()) == QueueStages(retrying=3)


@pytest.mark.parametrize(
    ("looks", "counted"),
    [(1, QueueStages(running=0, running_is_exact=False, retrying=1, retrying_is_exact=False)), (3, None)],
)
def test_what_is_beyond_the_looks_is_not_claimed_to_be_counted(
    queue: Observed, monkeypatch: pytest.MonkeyPatch, looks: int, counted: QueueStages | None
) -> None:
    queue.given(*RETRYING, *LEASED)
    few_looks(monkeypatch, looks)
    assert queue.see(queue.inspector.stages()) == (counted or QueueStages(running=2, retrying=3))


def test_what_another_program_wrote_counts_as_nothing(queue: Observed) -> None:
    queue.given(together(waiting("odd", run_at_ms=NOW_MS + 5, tries="tried"), {"held": {"odd-lease": "x"}}))
    assert queue.see(queue.inspector.stages()) == QueueStages()


@pytest.mark.parametrize("field", ["running", "retrying"])
def test_a_sum_is_exact_only_if_all_its_parts_are(field: str) -> None:
    whole = QueueStages(running=2, retrying=3)
    part = replace(whole, **{f"{field}_is_exact": False})
    assert stages_of_all([whole, whole]) == QueueStages(running=4, retrying=6)
    assert getattr(stages_of_all([whole, part]), f"{field}_is_exact") is False
