"""What each field of a filter asks of a task."""

from dataclasses import replace
from typing import Any

import pytest

from redisched.filters.parsing import parse
from redisched.model import TaskState
from redisched.store.view import TaskView
from tests.filters.tasks import HOUR_MS, NOW_MS, dead, ended, holds, task

RUNNING = task(TaskState.RUNNING, worker="host-a-1", started_ms=NOW_MS - 2 * HOUR_MS)


@pytest.mark.parametrize(
    ("view", "matching", "others"),
    [
        (task(), ["", "state:ready", "state:dead,ready", "state:pending", "state:any", "-state:dead"],
         ["state:dead", "-state:ready", "-state:pending"]),
        (task(), ["queue:mail", "queue:m*", "queue:a,mail", "-queue:other"], ["queue:mai", "-queue:m*", 'queue:"m*"']),
        (task(name="send.mail"), ["name:send.mail", "name:send.*", "name:*mail", "name:send?mail", "-name:sendx*"],
         ["name:send", "name:send?", 'name:"send.*"', "-name:send.*", "name:Send.mail"]),
        (task(id="a,1"), ["id:a*", 'id:"a,1"'], ["id:a", "id:a,1", "id:b"]),
        (task(name="Orders.ship", id="Ab12"),
         ["ship", "ORDERS", "ab1", "-paid", '"rs.sh"'], ["paid", "-ship", '"ship "']),
        (dead("TimeoutError: no answer, 3 s"),
         ["error:Timeout", "error:timeouterror", 'error:"no answer, 3"', "error:answer,", "-error:Value", 'error:""'],
         ["error:Value", "-error:timeout", "error:answer,3"]),
        (task(), ["-error:Timeout"], ["error:Timeout", 'error:""', "group:00000000", "reason:used"]),
        (dead("E: x"), ["reason:used", "-reason:quarantined", "worker:w1"], ["reason:quarantined", "worker:w2"]),
        (RUNNING, ["worker:host-a-1", "worker:host-*", "-worker:b"], ["worker:host", 'worker:""']),
        (ended(NOW_MS), ["worker:w2", "name:send_mail", "mail"], ["worker:w1", "arg.0:1"]),
        (task(priority=3), ["priority:3", "priority:high", "priority:<=3", "priority:..3", "priority:2..4",
                            "priority:>2", "priority:0,3", "priority:3..", "priority:high..low", "-priority:>3"],
         ["priority:<3", "priority:>3", "priority:4..", "priority:0,5", "-priority:3"]),
        (task(priority=None), ["-priority:3"], ["priority:0..255"]),
    ],
)  # fmt: skip
def test_a_field_holds_for_these_tasks(view: TaskView, matching: list[str], others: list[str]) -> None:
    assert [text for text in matching if not holds(text, view)] == []
    assert [text for text in others if holds(text, view)] == []


@pytest.mark.parametrize(
    ("view", "hours"),
    [
        (task(run_at_ms=NOW_MS - 2 * HOUR_MS), 2),
        (RUNNING, 2),
        (dead("E: x", died_ms=NOW_MS - 3 * HOUR_MS), 3),
        (ended(NOW_MS - HOUR_MS), 1),
        (task(TaskState.SCHEDULED, run_at_ms=NOW_MS + HOUR_MS), None),
        (task(TaskState.RETRYING, run_at_ms=NOW_MS + HOUR_MS), None),
    ],
)
def test_the_age_of_a_task_is_how_long_it_has_been_in_its_state(view: TaskView, hours: int | None) -> None:
    for hour in range(5):
        assert holds(f"age:{hour}h..{hour}h", view) is (hour == hours)
        assert holds(f"age:>{hour}h", view) is (hours is not None and hours > hour)
        assert holds(f"age:<{hour}h", view) is (hours is not None and hours < hour)
        assert holds(f"age:>={hour}h", view) is holds(f"age:{hour}h..", view) is (hours is not None and hours >= hour)
        assert holds(f"age:<={hour}h", view) is holds(f"age:..{hour}h", view) is (hours is not None and hours <= hour)


def test_units_of_ages() -> None:
    view = dead("E: x", died_ms=NOW_MS - 90_000)

    assert [text for text in ("89s", "1.4m", "0.02h", "89999ms", "0.001d") if holds(f"age:>{text}", view)] == [
        "89s", "1.4m", "0.02h", "89999ms", "0.001d",
    ]  # fmt: skip
    assert not any(holds(f"age:>{text}", view) for text in ("91s", "1.6m", "0.03h", "90001ms", "0.002d"))


def test_since_is_a_moment() -> None:
    view = dead("E: x", died_ms=NOW_MS)  # 2027-01-15T08:00:00Z

    assert holds("since:2027-01-15T08:00:00Z", view)
    assert holds("since:2027-01-15T09:00:00+01:00", view)
    assert not holds("since:2027-01-15T08:00:00.001Z", view)
    assert not holds("since:2020-01-01T00:00:00Z", task(TaskState.SCHEDULED, run_at_ms=NOW_MS + 1))


@pytest.mark.parametrize(
    ("value", "matching", "others"),
    [
        (42, ["42", "4*", '"42"'], ["4", "042", "42.0"]),
        ("42", ["42", "4*"], ["4"]),
        (True, ["true"], ["True", "1"]),
        (None, ["null"], ['""', "None"]),
        (1.5, ["1.5"], ["1"]),
        ("a b", ['"a b"', "a*"], ["a"]),
        ("4*", ['"4*"'], ['"4?"']),
        (b"\xff", ["*"], ["x"]),
        ([1, 2], ['"[1, 2]"'], ["1"]),
    ],
)
def test_arguments_are_found_by_name_and_by_place(value: Any, matching: list[str], others: list[str]) -> None:
    view = task(TaskState.READY, "send", "first", value, kwargs={"order_id": value})

    for argument in ("arg.order_id", "arg.1"):
        assert [text for text in matching if not holds(f"{argument}:{text}", view)] == []
        assert [text for text in others if holds(f"{argument}:{text}", view)] == []
    assert not holds("arg.2:*", view)
    assert not holds("arg.order:*", view)
    assert holds("-arg.order:*", view)


def test_a_path_leads_into_arguments() -> None:
    order = {"id": 7, "lines": [{"sku": "x1"}, "text"]}
    view = task(TaskState.READY, "send", order, kwargs={"order": order})

    for text in ("arg.order.id:7", "arg.0.id:7", "arg.order.lines.0.sku:x*", "arg.order.lines.1:text"):
        assert holds(text, view)
    for text in ("arg.order.lines.2:*", "arg.order.lines.1.0:*", "arg.order.lines.x:*", "arg.order.no:*",
                 "arg.order.lines.99999999999999:*", "arg.order.lines.²:*"):  # fmt: skip
        assert not holds(text, view)


def test_what_only_the_body_tells_is_open_until_it_is_read() -> None:
    without = replace(task(), body=None)

    for text in ("name:other", "arg.0:1", "-name:send_mail", "-arg.0:1", "word"):
        assert parse(text).may_match(without)
    for text in ("state:dead name:send_mail", "queue:other name:send_mail", "-a1"):
        assert not parse(text).may_match(without)
    assert not parse("name:other").may_match(replace(ended(NOW_MS), body=None))


def test_all_terms_must_hold() -> None:
    view = dead("TimeoutError: db-3", kwargs={"order_id": 42})

    assert holds("state:dead name:send_* error:Timeout queue:mail arg.order_id:42 age:<1h", view)
    for other in ("state:ready,dead -name:send_*", "name:send_* error:Value", "error:Timeout error:db-4"):
        assert not holds(other, view)
