"""How the processes of a fleet are replaced: one after the other, the new one first, and never in place of work."""

import errno
import os

import pytest

from redisched.config import Until
from redisched.engine.child_spec import Exit
from redisched.engine.rotation import RETRY_BACKOFF, WORK_PER_START
from redisched.engine.rotation import START_S as LONGEST_START_S
from redisched.engine.stall import Stall
from tests.engine.scripted_fleet import LONG_S, START_S, MakeFleet

GRACE_S = 25.0


def test_a_process_at_its_limit_of_tasks_works_until_its_replacement_does_and_then_drains(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(max_tasks_per_child=100)
    (old,) = fleet.processes
    old.runs(99)
    fleet.turn(LONG_S)
    assert fleet.running() == ["w0"]

    old.runs(1)
    fleet.turn()
    assert (fleet.serving(), fleet.running(), old.told) == (["w0"], ["w0", "w1"], [])
    fleet.turn(START_S)
    assert (fleet.serving(), old.told) == (["w0"], [])

    fleet.replacement_works()
    assert (fleet.serving(), fleet.running(), old.told) == (["w1"], ["w1", "w0"], ["drain"])
    old.ends()
    fleet.turn()
    assert (fleet.running(), old.is_closed) == (["w1"], True)


def test_the_count_of_tasks_begins_again_with_each_process(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(max_tasks_per_child=100)
    fleet.newest.runs(100)
    fleet.turn(LONG_S)
    fleet.replacement_works().runs(99)
    fleet.processes[0].ends()
    fleet.turn(LONG_S)
    fleet.turn()

    assert fleet.running() == ["w1"]


def test_a_process_is_replaced_when_it_has_more_memory_than_allowed(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(max_rss_bytes=300_000_000)
    fleet.newest.runs(1)
    fleet.memory[0] = 300_000_000
    fleet.turn(LONG_S)
    assert fleet.running() == ["w0"]

    fleet.memory[0] += 1
    fleet.turn(LONG_S)
    assert fleet.running() == ["w0", "w1"]


def test_a_process_that_has_too_much_memory_before_its_first_task_is_not_replaced(fleet_of: MakeFleet) -> None:
    """The next one would have as much, so no task would ever run."""
    fleet = fleet_of(max_rss_bytes=300_000_000)
    fleet.memory[0] = 400_000_000
    fleet.turn(LONG_S)

    assert fleet.running() == ["w0"]


def test_handlers_that_leak_fast_leave_three_quarters_of_the_time_for_work(
    fleet_of: MakeFleet, caplog: pytest.LogCaptureFixture
) -> None:
    fleet = fleet_of(max_rss_bytes=300_000_000)
    began_s = fleet.clock.now_s
    for number in range(50):
        worker = fleet.newest
        worker.runs(1)
        fleet.memory[number] = 10_000_000_000
        while fleet.newest is worker:
            fleet.turn(0.5)
        fleet.replacement_works()
        worker.ends()
    passed_s = fleet.clock.now_s - began_s

    assert 50 * (1 + WORK_PER_START) * START_S <= passed_s < 50 * (2 + WORK_PER_START) * START_S
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert 1 <= len(warnings) <= passed_s / 60 + 1
    assert "worker w0 has 10,000 MB of resident memory after 1 task and 1.0 s of work" in warnings[0]


def test_processes_at_their_limit_are_replaced_one_at_a_time(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(processes=4, max_tasks_per_child=10)
    old = list(fleet.processes)
    for process in old:
        process.runs(10)
    fleet.turn(LONG_S)
    for replaced in range(4):
        assert fleet.running() != fleet.serving()
        assert len(fleet.running()) == 5
        fleet.replacement_works()
        fleet.turn()
        assert len(fleet.running()) == 5, "the next one waits until the one before has drained"
        old[replaced].ends()
        fleet.turn()

    assert fleet.running() == fleet.serving() == ["w4", "w5", "w6", "w7"]


def test_a_process_that_drains_for_long_delays_the_others_no_longer_than_the_grace(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(processes=2, max_tasks_per_child=10, grace_s=GRACE_S)
    for process in fleet.processes:
        process.runs(10)
    fleet.turn(LONG_S)
    fleet.replacement_works()
    fleet.turn(GRACE_S - 1)
    assert fleet.running() == ["w2", "w0", "w1"]
    fleet.turn(1)
    assert fleet.running() == ["w2", "w0", "w1", "w3"]
    fleet.replacement_works()
    assert [process.told for process in fleet.processes[:2]] == [["drain"], ["drain"]]


def test_a_slot_has_one_process_that_drains_because_of_a_limit(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(max_tasks_per_child=10)
    fleet.newest.runs(10)
    fleet.turn(LONG_S)
    fleet.replacement_works().runs(10)
    fleet.turn(LONG_S)
    fleet.turn(LONG_S)
    assert fleet.running() == ["w1", "w0"]

    fleet.processes[0].ends()
    fleet.turn()
    assert fleet.running() == ["w1", "w2"]


def test_a_replacement_that_cannot_work_leaves_the_process_and_is_tried_again_later(
    fleet_of: MakeFleet, caplog: pytest.LogCaptureFixture
) -> None:
    fleet = fleet_of(max_tasks_per_child=10)
    fleet.newest.runs(10)
    fleet.turn(LONG_S)
    for tries in range(1, 5):
        fleet.newest.cannot_work("no module named shop")
        fleet.turn()
        assert fleet.running() == ["w0"]
        fleet.turn(RETRY_BACKOFF.delay_s(tries, lambda: 0.0) - 0.1)
        assert fleet.running() == ["w0"]
        fleet.turn(0.2)
        assert fleet.running() == ["w0", f"w{tries + 1}"]
    fleet.replacement_works()

    assert fleet.serving() == ["w5"]
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 4
    assert errors[0].startswith("worker w0 goes on, because its replacement cannot work: worker w1: no module")


@pytest.mark.parametrize("way", ["dies", "room", "hangs"])
def test_a_replacement_that_dies_or_finds_no_room_or_hangs_leaves_the_process(fleet_of: MakeFleet, way: str) -> None:
    fleet = fleet_of(max_tasks_per_child=10)
    fleet.newest.runs(10)
    if way == "room":
        fleet.refusal = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    fleet.turn(LONG_S)
    if way == "dies":
        fleet.newest.dies()
    elif way == "hangs":
        fleet.turn(LONGEST_START_S + 1)
        assert fleet.newest.told == ["kill"]
    fleet.turn()

    assert (fleet.serving(), fleet.running(), fleet.processes[0].told) == (["w0"], ["w0"], [])


def test_a_replacement_may_wait_for_redis_as_long_as_it_must(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(max_tasks_per_child=10)
    fleet.newest.runs(10)
    fleet.turn(LONG_S)
    fleet.newest.is_ready()
    fleet.turn(LONG_S)
    fleet.turn(LONG_S)
    assert (fleet.serving(), fleet.newest.told) == (["w0"], [])

    fleet.replacement_works()
    assert fleet.serving() == ["w1"]


@pytest.mark.parametrize("is_killed", [True, False])
def test_when_a_process_ends_while_its_replacement_starts_that_one_takes_its_place(
    fleet_of: MakeFleet, is_killed: bool
) -> None:
    fleet = fleet_of(max_tasks_per_child=10)
    old = fleet.newest
    old.runs(10)
    fleet.turn(LONG_S)
    if is_killed:
        old.dies()
    else:
        old.ends()
    fleet.turn()

    assert fleet.running() == fleet.serving() == ["w1"]
    assert fleet.deaths.workers == (["w0"] if is_killed else [])
    fleet.replacement_works()
    fleet.turn(LONG_S)
    assert len(fleet.processes) == 2


def test_the_tasks_of_a_draining_process_that_dies_are_taken_back_and_it_is_not_replaced(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(max_tasks_per_child=10)
    fleet.newest.runs(10)
    fleet.turn(LONG_S)
    fleet.replacement_works()
    fleet.processes[0].dies()
    fleet.turn()

    assert fleet.deaths.workers == ["w0"]
    assert fleet.running() == ["w1"]
    assert len(fleet.processes) == 2


def test_a_worker_that_ends_when_nothing_is_left_ends_while_it_is_replaced(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(max_tasks_per_child=10, until=Until.EMPTY)
    fleet.newest.runs(10)
    fleet.turn(LONG_S)
    fleet.processes[0].ends()
    fleet.turn()
    fleet.newest.ends()
    fleet.turn()

    assert fleet.fleet.slots == []
    assert len(fleet.processes) == 2


def test_a_replacement_that_starts_and_a_process_that_drains_do_not_count_for_the_health(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(max_tasks_per_child=10)
    fleet.newest.runs(10)
    fleet.turn(LONG_S)
    fleet.processes[0].runs(0)
    assert fleet.fleet.contact_ages_s() == {"w0": 0.0}
    fleet.replacement_works()
    assert fleet.fleet.contact_ages_s() == {"w1": 0.0, "w0": START_S}
    fleet.turn(12)
    fleet.processes[1].runs(0)
    fleet.turn(6)
    assert fleet.fleet.contact_ages_s() == {"w1": 6.0, "w0": 18.0 + START_S}
    fleet.turn(10)
    assert fleet.fleet.contact_ages_s() is None


def test_a_stuck_process_is_replaced_at_once_as_ever(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(max_tasks_per_child=10)
    fleet.newest.ends(Exit.STUCK)
    fleet.turn()

    assert fleet.serving() == ["w1"]


def test_a_process_that_makes_no_progress_is_told_until_it_is_replaced_or_goes_on(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(processes=2)
    assert fleet.fleet.stalled_s() == {}
    (first, _) = fleet.fleet.slots
    first.table.note_stall(Stall.WINDOW, fleet.clock.now_s - 4.0)
    fleet.turn(1.0)
    assert fleet.fleet.stalled_s() == {"w0": (Stall.WINDOW, 5.0)}

    fleet.processes[0].dies()
    fleet.turn(LONG_S)
    assert fleet.fleet.stalled_s() == {}
    assert len(fleet.serving()) == 2
