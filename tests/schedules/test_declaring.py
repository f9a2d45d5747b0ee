"""Declaring says whether all is as the code has it. What is not is declared again soon."""

from collections.abc import Callable

import pytest

from redisched import Scheduler
from redisched.config import Settings
from redisched.schedules import declaring
from redisched.schedules.declaring import Declared, declare
from redisched.store.broker import Broker
from redisched.store.operation import Operation, run
from redisched.store.schedule_store import ScheduleStore
from redisched.store.schedule_values import Declarer, NewSchedule
from tests.brokers import fake_broker

QUEUE = "default"


def deploy(broker: Broker, interval: str, application: str = "shop") -> Scheduler:
    app = Scheduler(broker=broker, settings=Settings(application=application))
    app.every(interval, name="report")(app.task(name="report")(lambda: None))
    return app


def declared_by(app: Scheduler, epoch: int) -> Declared:
    wanted, declarer = app.registry.schedules.of_queue(QUEUE), Declarer(app.name, str(epoch))
    return run(declare(app.broker.script_runner, QUEUE, wanted, declarer), app.broker.client())


def test_what_is_as_declared_is_complete_and_left_alone() -> None:
    broker = fake_broker()

    assert declared_by(deploy(broker, "1h"), 1) == Declared(stored=["report"], is_complete=True)
    assert declared_by(deploy(broker, "1h"), 1) == Declared(is_complete=True)
    assert declared_by(deploy(broker, "2h"), 2) == Declared(stored=["report"], is_complete=True)
    assert declared_by(deploy(broker, "1h"), 1) == Declared()


@pytest.mark.parametrize("given", [{"a": 1, "b": 2}, {"b": 2, "a": 1}])
def test_workers_that_make_equal_arguments_in_another_order_declare_the_same(given: dict[str, int]) -> None:
    broker = fake_broker()

    def declare_with(counts: dict[str, int]) -> Declared:
        app = Scheduler(broker=broker, settings=Settings(application="shop"))
        app.every("1h", name="report", args=[counts])(app.task(name="report")(lambda counts: None))
        return declared_by(app, 1)

    declare_with({"a": 1, "b": 2})
    assert declare_with(given) == Declared(is_complete=True)


def test_a_handler_that_keeps_more_of_its_tasks_declares_another_schedule() -> None:
    broker = fake_broker()
    declared_by(deploy(broker, "1h"), 1)
    app = Scheduler(broker=broker, settings=Settings(application="shop"))
    app.every("1h", name="report")(app.task(name="report", keep="task")(lambda: None))

    assert declared_by(app, 2) == Declared(stored=["report"], is_complete=True)


def test_a_name_that_another_application_has_is_not_declared() -> None:
    broker = fake_broker()
    declared_by(deploy(broker, "1h"), 1)

    assert declared_by(deploy(broker, "1h", "bank"), 1) == Declared(foreign=["report"])


def test_what_others_keep_on_changing_is_not_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = fake_broker()
    declared_by(deploy(broker, "1h"), 1)
    know, versions = declaring._known, iter("abcdefgh")

    def know_too_late(shard: Callable[[int], ScheduleStore], shards: int) -> Operation[dict[str, declaring._Known]]:
        known = yield from know(shard, shards)
        before = known["report"].schedule
        row = NewSchedule("report", before.version, next(versions), before.definition, before.slot_ms or "")
        yield from shard(0).set([row])
        return known

    monkeypatch.setattr(declaring, "_known", know_too_late)
    assert declared_by(deploy(broker, "2h"), 2) == Declared()
    monkeypatch.setattr(declaring, "_known", know)
    assert declared_by(deploy(broker, "2h"), 2) == Declared(stored=["report"], is_complete=True)
