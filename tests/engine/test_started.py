"""The table of started tasks, which another process reads after its writer died."""

import os
import signal
from collections.abc import Iterator

import pytest

from redisched.engine.stall import Stall, Stalled
from redisched.engine.started import StartedTable, StartedTask

LONG_QUEUE = "q" * 100
LONG_ID = "i" * 200
TOKEN = 2**63


@pytest.fixture
def table() -> Iterator[StartedTable]:
    table = StartedTable.make(3)
    yield table
    table.close()


def reader_of(table: StartedTable) -> StartedTable:
    """The same table, as another process maps it."""
    return StartedTable(os.dup(table.descriptor), 3)


def test_a_new_table_is_empty(table: StartedTable) -> None:
    assert table.read() == set()
    assert table.last_contact_s() == 0.0


def test_another_process_reads_the_running_tasks_of_every_slot(table: StartedTable) -> None:
    reader = reader_of(table)
    table.enter(0, "mail", "a", TOKEN)
    table.enter(2, "billing", "b", TOKEN)

    assert reader.read() == {StartedTask("mail", "a", TOKEN), StartedTask("billing", "b", TOKEN)}
    table.leave(0)
    assert reader.read() == {StartedTask("billing", "b", TOKEN)}


def test_the_longest_names_fit_into_every_slot_and_overwrite_no_other(table: StartedTable) -> None:
    for slot, digit in enumerate("012"):
        table.enter(slot, LONG_QUEUE, LONG_ID[1:] + digit, TOKEN)
    table.contact(12.5)

    assert table.read() == {StartedTask(LONG_QUEUE, LONG_ID[1:] + digit, TOKEN) for digit in "012"}
    assert table.last_contact_s() == 12.5


def test_a_shorter_name_completely_replaces_a_longer_one(table: StartedTable) -> None:
    table.enter(1, LONG_QUEUE, LONG_ID, TOKEN)
    table.leave(1)
    table.enter(1, "mail", "a", TOKEN)

    assert table.read() == {StartedTask("mail", "a", TOKEN)}


def test_a_record_torn_before_its_length_was_written_reads_as_empty(table: StartedTable) -> None:
    table.enter(0, "mail", "a", TOKEN)
    table.leave(0)
    content = os.pread(table.descriptor, 10_000, 0)

    assert b"mail %d a" % TOKEN in content
    assert reader_of(table).read() == set()


def test_clear_removes_the_records_of_a_former_process(table: StartedTable) -> None:
    table.enter(0, "mail", "a", TOKEN)
    table.contact(12.5)
    table.clear()

    assert table.read() == set()
    assert reader_of(table).last_contact_s() == 0.0


def test_a_second_mapping_keeps_the_records(table: StartedTable) -> None:
    table.enter(0, "mail", "a", TOKEN)
    reader = reader_of(table)
    reader.close()

    assert table.read() == {StartedTask("mail", "a", TOKEN)}


def test_a_sign_of_life_changes_nothing_else(table: StartedTable) -> None:
    assert table.last_alive_s() == 0.0
    table.enter(0, "mail", "a", TOKEN)
    table.contact(12.5)
    table.note_alive(13.5)

    reader = reader_of(table)
    assert (reader.last_alive_s(), reader.last_contact_s()) == (13.5, 12.5)
    assert reader.clean_exit() is None
    assert reader.read() == {StartedTask("mail", "a", TOKEN)}


def test_a_process_that_abandons_itself_leaves_no_task_to_blame(table: StartedTable) -> None:
    table.enter(1, "mail", "a", TOKEN)
    child = os.fork()
    if not child:
        reader_of(table).abandon()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert table.read() == set()
    assert table.clean_exit() is None


def test_a_clean_exit_is_read_until_the_next_process_starts(table: StartedTable) -> None:
    reader = reader_of(table)
    assert reader.clean_exit() is None
    table.contact(12.5)
    table.note_clean_exit(3)
    assert reader.clean_exit() == 3
    assert reader.last_contact_s() == 12.5

    reader.clear()
    assert reader.clean_exit() is None


@pytest.mark.parametrize("task_id", ["i" * 400, "i" * 4_000, "\\xff" * 85, "\udcff" * 400, "\u20ac" * 200])
def test_an_id_that_is_too_long_for_a_record_overwrites_no_other(table: StartedTable, task_id: str) -> None:
    table.enter(0, "mail", "a", TOKEN)
    table.enter(2, "mail", "c", TOKEN)
    table.enter(1, LONG_QUEUE, task_id, TOKEN)

    assert reader_of(table).read() >= {StartedTask("mail", "a", TOKEN), StartedTask("mail", "c", TOKEN)}


@pytest.mark.parametrize("noise", [b"\xff" * 352, b"\x40\x00mail", b"\x05\x00 7 x ", b"\xff\xff" + b"a 1 b" * 60])
def test_a_damaged_record_does_not_hide_the_others(table: StartedTable, noise: bytes) -> None:
    table.enter(2, "mail", "c", TOKEN)
    os.pwrite(table.descriptor, noise, 352)

    assert StartedTask("mail", "c", TOKEN) in reader_of(table).read()


def test_another_process_reads_why_there_is_no_progress(table: StartedTable) -> None:
    reader = reader_of(table)
    assert reader.stalled() is None
    table.enter(0, "mail", "a", TOKEN)
    table.contact(1.0)
    table.note_stall(Stall.OVERDUE, 12.5)
    assert reader.stalled() == Stalled(Stall.OVERDUE, 12.5)
    assert (reader.started_count(), reader.last_contact_s()) == (1, 1.0)
    assert reader.read() == {StartedTask("mail", "a", TOKEN)}

    table.note_stall(Stall.NONE, 0.0)
    assert reader.stalled() is None
    os.pwrite(table.descriptor, b"\xff", 32)
    assert reader.stalled() is None


def test_another_process_reads_how_many_tasks_were_started_until_the_last_contact(table: StartedTable) -> None:
    reader = reader_of(table)
    for _ in range(3):
        table.enter(0, "mail", "a", TOKEN)
        table.leave(0)
    assert reader.started_count() == 0
    table.contact(1.0)
    table.enter(0, "mail", "b", TOKEN)
    assert reader.started_count() == 3
    table.clear()
    assert reader.started_count() == 0
