"""Deploys declare their schedules: the newest that lives has its way, and nobody touches what others have."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from redisched import Scheduler
from redisched.client.schedule_view import ScheduleView
from redisched.config import Settings
from redisched.engine import introducer, schedule_declarer
from redisched.engine.known_elsewhere import KnownElsewhere
from redisched.store.broker import Broker
from redisched.store.presence import Deployment
from redisched.store.schedule_values import ScheduleState
from tests.engine.running import RunningWorker
from tests.engine.slot_record import QUEUE, names, stored
from tests.waiting import wait_until

ALIVE_MS = 400


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers announce themselves much more often, and count as alive for less long."""
    monkeypatch.setattr(schedule_declarer, "INTERVAL_S", 0.02)
    monkeypatch.setattr(schedule_declarer, "LOOK_AGAIN_S", 0.02)
    monkeypatch.setattr(schedule_declarer, "ALIVE_MS", ALIVE_MS)


def deploy(broker: Broker, application: str = "shop", **every: str) -> Scheduler:
    """A deploy of an application, which declares schedules with these names and intervals."""
    app = Scheduler(broker=broker, settings=Settings(application=application))
    handler = app.task(name=f"{application}.report")(lambda: None)
    for name, interval in every.items():
        app.every(interval, name=name)(handler)
    return app


def words(broker: Broker) -> dict[str, str]:
    """When the slots of each schedule come."""
    return {view.name: view.words for view in views(broker)}


def views(broker: Broker) -> list[ScheduleView]:
    return Scheduler(broker=broker).schedules.ls()


@contextmanager
def working(app: Scheduler, broker: Broker, expected: dict[str, str], **settings: Any) -> Iterator[None]:
    """A worker runs, and the schedules are soon the expected ones."""
    with RunningWorker(app, **settings):
        wait_until(lambda: words(broker) == expected, f"the schedules are {expected}")
        yield


@pytest.mark.differs_by_server
@pytest.mark.differs_by_routing
def test_two_deploys_side_by_side_do_not_overwrite_each_other(broker: Broker) -> None:
    old = deploy(broker, changed="1h", removed="1h", same="1h")
    new = deploy(broker, changed="2h", added="1h", same="1h")
    expected = {"changed": "every 2 hours", "added": "every hour", "same": "every hour"}
    with working(old, broker, {"changed": "every hour", "removed": "every hour", "same": "every hour"}):
        same = stored(broker, "same").version
        with working(new, broker, expected):
            versions = {name: stored(broker, name).version for name in expected}
            seen = seen_times(broker)
            wait_until(lambda: not {*seen_times(broker)} & {*seen}, "both announce again")
            assert {name: stored(broker, name).version for name in names(broker)} == versions
            assert versions["same"] == same


def seen_times(broker: Broker, application: str = "shop") -> list[int]:
    """When each deploy announced itself last, by the order of their digests."""
    stored = broker.client().perform(("HGET", broker.script_runner.keys_of(QUEUE, 0).declared, application))
    _, _, *parts = stored.split(b" ")
    return [int(seen) for _, seen in sorted(zip(parts[0::3], parts[2::3], strict=True))]


@pytest.mark.differs_by_routing
def test_a_rollback_declares_the_schedules_of_before_again(broker: Broker) -> None:
    old, new = deploy(broker, kept="1h", removed="1h"), deploy(broker, kept="2h")
    before = {"kept": "every hour", "removed": "every hour"}
    with working(old, broker, before):
        with working(new, broker, {"kept": "every 2 hours"}):
            pass
        wait_until(lambda: words(broker) == before, "the workers that are left declare theirs")
    with working(new, broker, {"kept": "every 2 hours"}), working(old, broker, {"kept": "every 2 hours"}):
        pass


def test_code_without_schedules_removes_those_of_the_deploy_before(broker: Broker) -> None:
    with working(deploy(broker, hourly="1h"), broker, {"hourly": "every hour"}):
        pass
    with working(deploy(broker), broker, {}):
        pass


def test_two_applications_do_not_touch_each_others_schedules(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    shop, bank = deploy(broker, "shop", hourly="1h", both="1h"), deploy(broker, "bank", daily="1d", both="1d")
    of_both = {"hourly": "every hour", "both": "every hour", "daily": "every day"}
    without_shop = {"both": "every day", "daily": "every day"}
    with working(shop, broker, {"hourly": "every hour", "both": "every hour"}), working(bank, broker, of_both):
        (said,) = {record.getMessage() for record in caplog.records if record.levelname == "ERROR"}
        assert "schedule both of queue default is not declared" in said
        with working(deploy(broker, "shop"), broker, without_shop):
            pass


def namesake(broker: Broker, application: str, *handlers: str) -> Scheduler:
    """An application with these handlers, of which the first has a schedule."""
    app = Scheduler(broker=broker, settings=Settings(application=application))
    for handler in handlers:
        app.task(name=handler)(lambda: None)
    app.every("1h", name=f"of-{handlers[0]}")(app.handler(handlers[0]))
    return app


def said_of_namesakes(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "another application named" in record.getMessage()]


def test_two_applications_of_one_name_are_told_of(
    broker: Broker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(introducer, "INTERVAL_S", 0.02)
    with RunningWorker(namesake(broker, "app", "send", "track")), RunningWorker(namesake(broker, "app", "charge")):
        wait_until(lambda: len(said_of_namesakes(caplog)) == 2, "both workers say it")
        seen = seen_times(broker, "app")
        wait_until(lambda: not {*seen_times(broker, "app")} & {*seen}, "both announce again")
    first, second = said_of_namesakes(caplog)
    assert first == second
    assert "named app live" in first
    assert "Settings(application=...)" in first


@pytest.mark.parametrize("other", [("app", "charge", "send"), ("bank", "charge")], ids=["next version", "other name"])
def test_the_next_version_and_another_application_are_no_namesakes(
    broker: Broker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, other: tuple[str, ...]
) -> None:
    monkeypatch.setattr(introducer, "INTERVAL_S", 0.02)
    known: set[str] = set()
    learn = KnownElsewhere.learn

    def learned(self: KnownElsewhere, deployments: Iterable[Deployment], now_s: float) -> None:
        deployments = list(deployments)
        known.update(handler for one in deployments for handler in one.handlers)
        learn(self, deployments, now_s)

    monkeypatch.setattr(KnownElsewhere, "learn", learned)
    application, *handlers = other
    with RunningWorker(namesake(broker, "app", "send")), RunningWorker(namesake(broker, application, *handlers)):
        wait_until(lambda: known >= {"send", "charge"}, "each knows of the other")
        seen = seen_times(broker, "app")
        wait_until(lambda: not {*seen_times(broker, "app")} & {*seen}, "they announce themselves again")
    assert said_of_namesakes(caplog) == []


@pytest.mark.differs_by_routing
def test_what_was_added_or_paused_live_stays_through_deploys(broker: Broker) -> None:
    old, new = deploy(broker, one="1h", other="1h"), deploy(broker, one="2h", other="1h")
    with working(old, broker, {"one": "every hour", "other": "every hour"}):
        for name in ("one", "other"):
            old.schedules.pause(name)
        old.schedules.change("other", every="5h")
        old.schedules.add("added", "shop.report", every="3h")
    expected = {"one": "every 2 hours", "other": "every 5 hours", "added": "every 3 hours"}
    with working(new, broker, expected):
        pass

    states = {view.name: view.state for view in views(broker)}
    assert states == {"one": ScheduleState.PAUSED, "other": ScheduleState.PAUSED, "added": ScheduleState.ACTIVE}


def test_schedules_of_queues_that_the_worker_does_not_serve_are_declared_and_listed(broker: Broker) -> None:
    app = deploy(broker)
    app.every("1h", name="hourly", queue="elsewhere")(app.handler("shop.report"))
    with working(app, broker, {"hourly": "every hour"}, queues=(QUEUE,)):
        pass


def test_what_a_loss_of_data_took_is_declared_again(broker: Broker) -> None:
    with working(deploy(broker, hourly="1h"), broker, {"hourly": "every hour"}):
        broker.client().perform(("DEL", *_keys_of_schedules(broker)))
        wait_until(lambda: words(broker) == {"hourly": "every hour"}, "it is declared again")


def _keys_of_schedules(broker: Broker) -> tuple[str, ...]:
    keys = broker.script_runner.keys_of(QUEUE, 0)
    return (keys.schedules, keys.fired, keys.firing, keys.declared)
