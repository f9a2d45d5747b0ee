"""Options are checked where they are given; errors are sentences."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redisched.errors import InvalidOption
from redisched.model import LARGEST_RUN_AT_MS, Isolation, Priority
from redisched.option_checks import check_isolation, check_name, check_queue
from redisched.options import NO_OPTIONS, TaskOptions, check_options

LARGEST_S = LARGEST_RUN_AT_MS / 1000


@pytest.mark.parametrize(
    ("fields", "checked"),
    [
        ({}, NO_OPTIONS),
        ({"delay": None, "priority": None}, NO_OPTIONS),
        ({"priority": 0}, TaskOptions(priority=0)),
        ({"priority": Priority.BULK}, TaskOptions(priority=9)),
        ({"priority": 255}, TaskOptions(priority=255)),
        ({"delay": 0}, TaskOptions(when="+0")),
        ({"delay": 1.5}, TaskOptions(when="+1500")),
        ({"delay": timedelta(minutes=1)}, TaskOptions(when="+60000")),
        ({"delay": LARGEST_S}, TaskOptions(when=f"+{LARGEST_RUN_AT_MS}")),
        ({"run_at": 0}, TaskOptions(when="@0")),
        ({"run_at": datetime(2027, 1, 1, tzinfo=UTC)}, TaskOptions(when="@1798761600000")),
        ({"run_at": 1798761600.0005}, TaskOptions(when="@1798761600000")),
        ({"queue": "mail.out_2-b"}, TaskOptions(queue="mail.out_2-b")),
        ({"id": "order:42/" + "x" * 191}, TaskOptions(id="order:42/" + "x" * 191)),
        ({"timeout": 0.001}, TaskOptions(timeout_ms=1)),
        ({"retention": 0}, TaskOptions(retention_ms=0)),
        ({"max_attempts": 1}, TaskOptions(max_attempts=1)),
    ],
)
def test_valid_options_are_accepted(fields: dict[str, Any], checked: TaskOptions) -> None:
    assert check_options(fields) == checked


BAD: list[tuple[str, Any]] = [
    *(("priority", value) for value in (-1, 256, 1.5, 5.0, True, "5", Decimal(5), float("nan"))),
    *(("delay", value) for value in (-0.001, float("nan"), float("inf"), "5", True, 2**53, LARGEST_S + 1, 10**400)),
    *(("delay", value) for value in (timedelta(-1), timedelta.max, [1], Decimal(1), 1j)),
    *(("run_at", value) for value in (datetime(2027, 1, 1), -1, float("nan"), float("-inf"), "2027-01-01", True)),
    *(
        ("run_at", value)
        for value in (datetime(2110, 1, 1, tzinfo=UTC), datetime(1969, 1, 1, tzinfo=UTC), 2**53, 10**400)
    ),
    *(("queue", value) for value in ("", "a{b", "a}b", "a:b", "a*b", "a b", "a\n", "é", "x" * 101, ".a", 5, b"mail")),
    *(("id", value) for value in ("", "a b", "a\n", "é", "\x7f", "x" * 201, 5, b"id")),
    *(("timeout", value) for value in (0, 0.0004, -1, float("inf"), "5", True)),
    *(("retention", value) for value in (-1, float("nan"), "5", False)),
    *(("max_attempts", value) for value in (0, -1, 1.0, True, 1_000_001, "5")),
]


@pytest.mark.parametrize(("option", "value"), BAD, ids=lambda value: repr(value)[:40])
def test_an_invalid_option_is_refused_with_its_name(option: str, value: Any) -> None:
    with pytest.raises(InvalidOption) as caught:
        check_options({option: value})

    assert caught.value.argument == option
    assert caught.value.allowed
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("value", ["process", Isolation.PROCESS])
def test_a_handler_may_be_isolated(value: Any) -> None:
    assert check_isolation("isolation", value) is Isolation.PROCESS


@pytest.mark.parametrize("value", ["thread", "PROCESS", "", True, 1, None])
def test_any_other_isolation_is_refused(value: Any) -> None:
    with pytest.raises(InvalidOption, match="one of none, process"):
        check_isolation("isolation", value)


def test_the_error_of_an_unknown_option_lists_the_known_ones() -> None:
    with pytest.raises(
        InvalidOption,
        match="no such option; there are deadline, debounce_max, delay, durable, expires, id, keep, max_attempts",
    ):
        check_options({"pritority": 1})


def test_a_delay_and_a_time_exclude_each_other() -> None:
    with pytest.raises(InvalidOption, match="either delay or run_at"):
        check_options({"delay": 1, "run_at": 5})


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b", "a\0", "a\n", "os.system()", "é", "x" * 201, None, b"a"])
def test_an_invalid_name_is_refused(name: Any) -> None:
    with pytest.raises(InvalidOption):
        check_name("name", name)


@pytest.mark.parametrize("name", ["send", "shop.mail.send", "shop.<locals>.send", "billing:charge", "_x", "x" * 200])
def test_a_valid_name_is_accepted(name: str) -> None:
    assert check_name("name", name) == name


@given(st.text(max_size=120))
def test_no_queue_name_can_break_the_hash_tag(name: str) -> None:
    try:
        queue = check_queue("queue", name)
    except InvalidOption:
        return
    assert queue == name
    assert not set(queue) & set("{}:* \n\0")


@given(st.one_of(st.floats(), st.integers(), st.timedeltas(), st.datetimes(), st.text(), st.none(), st.booleans()))
def test_a_time_is_accepted_with_full_precision_or_refused(value: Any) -> None:
    for option in ("delay", "run_at", "timeout", "retention"):
        try:
            checked = check_options({option: value})
        except InvalidOption:
            continue
        if checked.when is not None:
            assert 0 <= int(checked.when[1:]) <= LARGEST_RUN_AT_MS
