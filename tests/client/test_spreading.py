"""`enqueue_many(spread=)`: the starts of many tasks are spread evenly over some time, in the order of the requests."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from redisched import Scheduler
from redisched.client.request import TaskRequest
from redisched.errors import InvalidOption
from redisched.store.broker import Broker
from redisched.store.inspect import Inspector
from redisched.store.operation import run
from tests.client.callers import Caller
from tests.snapshot import snapshot_of

AT = datetime(2040, 1, 1, tzinfo=UTC)


def requests(app: Scheduler, count: int) -> list[TaskRequest]:
    return [app.request("send", number, id=f"{number:03}", run_at=AT) for number in range(count)]


def moments_ms(app: Scheduler, count: int) -> list[int | None]:
    """How long after AT each task is due."""
    shard = Inspector(app.broker.script_runner, "default").shard(0)
    views = run(shard.states([f"{number:03}" for number in range(count)]), app.broker.client())
    return [None if view.run_at_ms is None else view.run_at_ms - int(AT.timestamp() * 1000) for view in views]


@pytest.mark.parametrize("spread", ["10m", 600, timedelta(minutes=10)])
def test_the_tasks_are_due_one_after_the_other(app: Scheduler, call: Caller, spread: str | float | timedelta) -> None:
    refs = call(app.enqueue_many, requests(app, 5), spread=spread)

    assert [ref.id for ref in refs] == ["000", "001", "002", "003", "004"]
    assert moments_ms(app, 5) == [0, 120_000, 240_000, 360_000, 480_000]


def test_a_share_of_less_than_a_millisecond_keeps_the_order(app: Scheduler, call: Caller) -> None:
    call(app.enqueue_many, requests(app, 7), spread=0.003)

    assert moments_ms(app, 7) == [0, 0, 0, 1, 1, 2, 2]


def test_a_delay_of_a_task_is_put_off_too(app: Scheduler, call: Caller) -> None:
    given = [app.request("send", number, id=f"{number:03}", delay=3600) for number in range(2)]
    call(app.enqueue_many, given, spread=10)

    first, second = moments_ms(app, 2)
    assert first is not None
    assert second is not None
    assert second - first == 5_000


def test_the_same_call_again_adds_nothing(app: Scheduler, call: Caller) -> None:
    given = requests(app, 3)

    assert all(ref.is_new for ref in call(app.enqueue_many, given, spread=60))
    assert not any(ref.is_new for ref in call(app.enqueue_many, given, spread=60))
    assert call(app.enqueue_many, [], spread=60) == []


@pytest.mark.parametrize("spread", [0, -1, "soon", "", float("inf"), True, [1]])
def test_a_time_that_is_none_is_refused(app: Scheduler, call: Caller, broker: Broker, spread: object) -> None:
    with pytest.raises(InvalidOption, match="spread"):
        call(app.enqueue_many, requests(app, 2), spread=spread)

    assert snapshot_of(broker) == {}


@pytest.mark.parametrize(
    ("limits", "passed"),
    [
        ({"expires": 60}, "would expire"),
        ({"deadline": 60}, "would pass its deadline"),
        ({"expires": 600, "deadline": 60}, "would pass its deadline"),
    ],
)
def test_a_task_that_could_not_start_in_time_is_refused(
    app: Scheduler, call: Caller, broker: Broker, limits: dict[str, Any], passed: str
) -> None:
    given = [app.request("send", number, id=f"{number:03}", **limits) for number in range(4)]

    with pytest.raises(InvalidOption, match=f"shorter, as task 002 {passed} before its new time"):
        call(app.enqueue_many, given, spread="2m")
    assert snapshot_of(broker) == {}

    call(app.enqueue_many, given, spread="1m")


def test_what_is_no_request_is_refused(app: Scheduler, call: Caller) -> None:
    with pytest.raises(InvalidOption, match="requests"):
        call(app.enqueue_many, ["send"], spread=60)
