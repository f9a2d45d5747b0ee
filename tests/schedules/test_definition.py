"""What a schedule is travels whole, and the times of its tasks count from each slot."""

import pytest

from redisched.errors import InvalidOption, Undecodable
from redisched.placement import placement_of, schedule_of, slot_id
from redisched.schedules.declaration import Declaration, Declarations, digest_of
from redisched.schedules.definition import Definition, Overlap, SlotTask, check_overlap, check_schedule_name
from redisched.shard_map import ShardMap
from redisched.timetable.cron import Cron
from redisched.timetable.misfire import Misfire
from redisched.timetable.timing import Timing

TASK = SlotTask(handler="report", priority=3, record=b"\x00record", traits=b"", options={"priority": 3})
WHOLE = Definition(
    timing=Timing(timetable=Cron(expression="0 3 * * *", tz="Europe/Berlin"), end_ms=1_900_000_000_000, jitter_ms=5),
    task=TASK,
    misfire=Misfire(most=9),
    overlap=Overlap.SKIP,
    application="shop",
    declared="digest",
)


def test_a_definition_is_read_as_it_was_written() -> None:
    assert Definition.decode(WHOLE.encode()) == WHOLE


@pytest.mark.parametrize("damaged", [b"", b"\x00", WHOLE.encode()[:-1], WHOLE.encode() + b"\x00"])
def test_what_is_none_is_refused(damaged: bytes) -> None:
    with pytest.raises(Undecodable):
        Definition.decode(damaged)


@pytest.mark.parametrize(
    ("traits", "at"),
    [
        (b"", b""),
        (b"deadline=+5 ", b"deadline=@1005 "),
        (b"expires=+7 9 expires=+7 deadline=+8 ", b"expires=@1007 9 expires=+7 deadline=+8 "),
        (b"deadline=+5 expires=+7 9 \x00\xff", b"deadline=@1005 expires=@1007 9 \x00\xff"),
        (b"other=deadline=+5 deadline=+6 ", b"other=deadline=+5 deadline=@1006 "),
    ],
)
def test_limits_of_when_a_task_starts_count_from_its_slot(traits: bytes, at: bytes) -> None:
    task = SlotTask(handler="report", priority=3, record=b"", traits=traits, options={})

    assert task.traits_at(1_000) == at


@pytest.mark.parametrize("name", ["", "a b", "a@b", "#1", "a" * 151, "ä", "a~b", None, 7])
def test_names_are_those_that_an_id_may_begin_with(name: object) -> None:
    with pytest.raises(InvalidOption, match="name="):
        check_schedule_name("name", name)


@pytest.mark.parametrize("overlap", ["queue", "", None, True])
def test_what_overlap_may_be_is_named(overlap: object) -> None:
    with pytest.raises(InvalidOption, match="one of allow, skip"):
        check_overlap("overlap", overlap)


def test_the_tasks_of_a_schedule_are_in_its_shard() -> None:
    shard_map = ShardMap((1, 3, 12))
    for name in ("nightly", "shop.tasks.report#2", "a"):
        home = shard_map.shard_of(name)
        assert {shard_map.shard_of(slot_id(name, ms)) for ms in range(1_800_000_000_000, 1_800_000_009_999, 777)} == {
            home
        }


@pytest.mark.parametrize(
    "task_id", ["nightly", "nightly@1800000000000", "nightly@2027-01-15", "a~b@2027-01-15T08:00:00Z", "me@example.org"]
)
def test_other_ids_come_from_no_schedule(task_id: str) -> None:
    assert schedule_of(task_id) is None
    assert placement_of(task_id) == task_id


def test_declarations_that_differ_have_different_digests() -> None:
    one, other = Declaration.of("a", "mail", WHOLE), Declaration.of("b", "mail", WHOLE)
    moved = Declaration.of("a", "reports", WHOLE)

    assert len({digest_of([one]), digest_of([other]), digest_of([moved]), digest_of([one, other]), digest_of([])}) == 5
    assert digest_of([one, other]) == digest_of([other, one])


def test_a_name_is_declared_once() -> None:
    declarations = Declarations()
    declarations.add(Declaration.of("a", "mail", WHOLE))
    declarations.add(Declaration.of("a", "mail", WHOLE))

    with pytest.raises(InvalidOption, match="the name of one schedule only"):
        declarations.add(Declaration.of("a", "reports", WHOLE))
    assert declarations.queues() == ("mail",)
    assert list(declarations.of_queue("mail")) == ["a"]
