"""Dead tasks are grouped by handler and error, whatever numbers and ids the errors have in them."""

from datetime import UTC, datetime

import pytest

from redisched.filters.dead_groups import DeadGroups, read_dead_groups
from redisched.filters.error_groups import general_error, group_of
from redisched.filters.parsing import parse
from redisched.filters.reading import LOOKS
from redisched.model import Failure
from tests.filters.queues import Queues, died, named
from tests.lua.situation import dead, together, waiting


def groups_of(queues: Queues, text: str = "", looks: int = LOOKS) -> DeadGroups:
    return queues.ask(read_dead_groups(queues.broker.script_runner, parse(text), looks))


def moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat()


@pytest.mark.parametrize(
    ("error", "general"),
    [
        ("TimeoutError: no answer", "TimeoutError: no answer"),
        ("TimeoutError: 3.5 s, 1,000 bytes, -7", "TimeoutError: <n> s, <n> bytes, <n>"),
        ("no user 0190b1a6-7c3e-7d11-8a4b-6f1f2e3d4c5b", "no user <id>"),
        ("<Task at 0x7F3aff>", "<Task at <id>>"),
        ("no task 1h5kq0x7m2v9", "no task <id>"),
        ("commit 9f86d081884c7d659a2feaa0c55ad015", "commit <id>"),
        ("db-3: host db17.local", "db-<n>: host db<n>.local"),
        ("internationalization", "internationalization"),
        ("two\n  lines\tof text", "two lines of text"),
        ("", ""),
    ],
)
def test_numbers_and_ids_are_left_out_of_an_error(error: str, general: str) -> None:
    assert general_error(error) == general


def test_a_long_error_is_told_by_its_beginning() -> None:
    assert general_error("x y " * 1_000 + "a") == general_error("x y " * 1_000 + "b")


def test_a_group_is_of_one_handler() -> None:
    one, same, other = (Failure(name=name, error=f"E: {at}") for at, name in enumerate(("send", "send", "bill")))

    assert group_of(one) == group_of(same) != group_of(other)
    assert len(group_of(one)) == len(group_of(None)) == 8


def test_the_largest_group_comes_first_with_all_that_leads_to_its_tasks(queues: Queues) -> None:
    queues.given(
        "mail",
        *(died(f"t{n}", f"TimeoutError: db-{n} after {n} s", 1_000 + n) for n in range(5)),
        *(died(f"v{n}", f"ValueError: {n}", 2_000 + n) for n in range(3)),
        died("b", "ValueError: 1", 3_000, name="bill"),
        named(waiting("alive"), "send"),
    )
    queues.given("other", died("o", "TimeoutError: db-9 after 9 s", 900))

    found = groups_of(queues)

    assert [(one.name, one.error, one.count) for one in found.groups] == [
        ("send", "TimeoutError: db-<n> after <n> s", 6),
        ("send", "ValueError: <n>", 3),
        ("bill", "ValueError: <n>", 1),
    ]
    first = found.groups[0]
    assert (first.newest_id, first.newest_ms, first.oldest_ms) == ("t4", 1_004, 900)
    assert (first.queues, first.reasons) == (("mail", "other"), ("attempts used up",))
    assert (found.looked_at, found.is_complete) == (10, True)
    for group in found.groups:
        assert len(queues.listed(f"state:dead group:{group.group}")) == group.count
    assert [one.count for one in groups_of(queues, "queue:other").groups] == [1]
    assert [one.count for one in groups_of(queues, "error:value").groups] == [3, 1]


def test_only_those_that_died_last_are_counted_and_it_says_so(queues: Queues) -> None:
    queues.given("mail", together(*(died(f"t{n:03}", f"E: {n}", 1_000 + n) for n in range(500))))

    found = groups_of(queues, looks=200)

    assert [(one.count, one.newest_id, one.oldest_ms) for one in found.groups] == [(200, "t499", 1_300)]
    assert (found.looked_at, found.is_complete) == (200, False)


def test_a_task_whose_failure_was_lost_is_in_a_group(queues: Queues) -> None:
    queues.given("mail", named(dead("lost", failure="garbage"), "send"))

    (group,) = groups_of(queues).groups

    assert (group.name, group.error, group.count, group.reasons) == ("send", "", 1, ())
    assert queues.listed(f"group:{group.group}") == ["lost"]


def test_without_dead_tasks_there_are_no_groups(queues: Queues) -> None:
    assert groups_of(queues) == DeadGroups([], 0, True, 0)


def test_the_dead_of_the_last_hour_are_complete_though_there_are_older_ones(queues: Queues) -> None:
    now_ms = queues.now_ms()
    old = [died(f"o{n:03}", "E: old", now_ms - 7_200_000 - n) for n in range(400)]
    queues.given("mail", died("new", "E: new", now_ms - 1_000), *old)

    for text in ("age:..1h", "age:<1h,<30m", f"since:{moment(now_ms - 3_600_000)}"):
        found = groups_of(queues, text, looks=200)
        assert [(one.count, one.newest_id, found.is_complete) for one in found.groups] == [(1, "new", True)], text
    assert not groups_of(queues, "age:..1h,2h..", looks=200).is_complete
    assert queues.listed("state:dead age:>1h", looks=50) == [f"o{n:03}" for n in range(400)]
