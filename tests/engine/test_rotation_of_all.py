"""How all processes of a fleet are replaced, one after the other, when it is told to."""

import pytest

from redisched.engine.rotation import RETRY_BACKOFF
from tests.engine.scripted_fleet import LONG_S, MakeFleet


def test_all_are_replaced_one_after_the_other(fleet_of: MakeFleet, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    fleet = fleet_of(processes=3)
    old = list(fleet.processes)
    fleet.turn(1)
    fleet.fleet.rotation.replace_all()
    for process in old:
        fleet.turn()
        assert len(fleet.running()) == 4
        fleet.replacement_works()
        process.ends()
    fleet.turn()

    assert fleet.running() == ["w3", "w4", "w5"]
    fleet.turn(LONG_S)
    assert len(fleet.processes) == 6
    assert [record.getMessage() for record in caplog.records].count("all worker processes are replaced") == 1


def test_being_told_several_times_while_all_are_replaced_is_being_told_once_more(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(processes=2)
    fleet.turn(1)
    fleet.fleet.rotation.replace_all()
    fleet.turn()
    replaced = fleet.replacement_works()
    fleet.processes[0].ends()
    for _ in range(3):
        fleet.clock.now_s += 1
        fleet.fleet.rotation.replace_all()
    for old in (fleet.processes[1], replaced):
        fleet.turn()
        fleet.replacement_works()
        old.ends()
        fleet.turn()
    fleet.turn(LONG_S)

    assert fleet.serving() == ["w4", "w3"]


def test_new_code_that_cannot_be_imported_leaves_all_processes_with_one_error(
    fleet_of: MakeFleet, caplog: pytest.LogCaptureFixture
) -> None:
    fleet = fleet_of(processes=3)
    fleet.turn(1)
    fleet.fleet.rotation.replace_all()
    fleet.turn()
    fleet.newest.cannot_work("shop:app cannot be loaded")
    fleet.turn()
    fleet.turn(LONG_S)

    assert fleet.running() == ["w0", "w1", "w2"]
    assert [process.told for process in fleet.processes[:3]] == [[], [], []]
    (error,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert "shop:app cannot be loaded" in error
    assert "go on with the code that they have" in error

    fleet.fleet.rotation.replace_all()
    fleet.turn()
    fleet.replacement_works()
    assert "w0" not in fleet.serving()


def test_an_old_error_of_the_import_does_not_end_what_was_asked_for_after_it(fleet_of: MakeFleet) -> None:
    fleet = fleet_of()
    fleet.turn(1)
    fleet.fleet.rotation.replace_all()
    fleet.turn()
    fleet.clock.now_s += 1
    fleet.fleet.rotation.replace_all()
    fleet.newest.cannot_work("the code was half copied")
    fleet.turn()
    fleet.turn(RETRY_BACKOFF.base_s)
    fleet.replacement_works()

    assert fleet.serving() == ["w2"]


def test_all_can_be_replaced_while_an_earlier_process_still_drains(fleet_of: MakeFleet) -> None:
    fleet = fleet_of()
    for replaced in range(3):
        fleet.turn(1)
        fleet.fleet.rotation.replace_all()
        fleet.turn(LONG_S)
        fleet.replacement_works()
        assert len(fleet.running()) == replaced + 2


def test_a_stop_reaches_every_process_and_starts_none(fleet_of: MakeFleet) -> None:
    fleet = fleet_of(processes=2)
    fleet.turn(1)
    fleet.fleet.rotation.replace_all()
    fleet.turn()
    fleet.replacement_works()
    fleet.turn(LONG_S)
    assert fleet.running() == ["w2", "w0", "w1", "w3"]
    fleet.fleet.terminate()
    assert [process.told[-1] for process in fleet.processes] == ["terminate"] * 4
    for process in fleet.processes:
        process.ends()
    fleet.fleet.look()

    assert fleet.fleet.slots == []
    assert len(fleet.processes) == 4
