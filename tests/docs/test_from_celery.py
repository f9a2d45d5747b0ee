"""The page for those who come from Celery is true: each block of redisched does what the page says."""

import ast
import dataclasses
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType

import pytest

from redisched import TaskState, testing
from redisched.chaos import work_off
from redisched.config import Settings
from redisched.context import TaskContext
from redisched.errors import TaskCancelled, TaskFailed
from redisched.events import PARAMETERS
from redisched.model import Isolation
from redisched.testing import VirtualWorker
from tests.brokers import BrokerKind, Servers
from tests.docs.links import broken_links
from tests.docs.migration import MigrationPage, is_command, worker_flags

pytestmark = pytest.mark.measured

PAGE = MigrationPage("from-celery")


@pytest.fixture(scope="module")
def shop(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    servers.broker(BrokerKind.VALKEY).close()
    with PAGE.on_server(servers.url(BrokerKind.VALKEY), tmp_path_factory.mktemp("celery")) as module:
        yield module


@pytest.fixture
def worker(shop: ModuleType) -> Iterator[VirtualWorker]:
    """A worker in virtual time, without the schedules of the page."""
    with testing.worker(shop.app, schedules=()) as running:
        yield running


def test_tasks_and_calls(shop: ModuleType, worker: VirtualWorker) -> None:
    assert shop.call() == shop.add(2, 3) == 5
    assert shop.add.name == "shop.add"


def test_options_of_a_call(shop: ModuleType, worker: VirtualWorker) -> None:
    shop.call_with_options()
    testing.assert_enqueued(shop.add, x=2, y=3, delay=60)
    testing.assert_enqueued(shop.add, x=2, y=3, run_at=datetime(2030, 1, 1, 9, tzinfo=UTC))
    testing.assert_enqueued(shop.add, x=2, y=3, id="sum:7", queue="mail", priority=0)
    testing.assert_enqueued(shop.add, x=99, y=99)
    assert shop.app.count("billing") == 1
    worker.elapse(301)
    worker.run_until_idle()
    assert shop.app.ref("sum:7", "mail").status() is TaskState.EXPIRED


def test_retries(shop: ModuleType, worker: VirtualWorker) -> None:
    fetched = shop.fetch.enqueue("example.org")
    assert worker.advance("1 hour") == 6
    assert fetched.status() is TaskState.DEAD
    charged = shop.charge.enqueue(42)
    assert worker.advance(119) == 2
    assert worker.advance(1) == 1
    assert charged.result() == "order 42 is paid at attempt 3"


def test_the_task_itself(shop: ModuleType, worker: VirtualWorker) -> None:
    exported = shop.export.enqueue(4)
    assert exported.result() == f"{exported.id} on attempt 1"
    progress = exported.progress()
    assert (progress.done, progress.total) == (4, 4)
    with testing.context(attempt=2, state=3) as task:
        assert shop.export(4) == f"{task.id} on attempt 2"
    assert task.saved == 4


def test_time_limits(shop: ModuleType) -> None:
    options = shop.render.entry.options
    assert (options.timeout_ms, options.timeout_grace_ms, options.isolation) == (20_000, 10_000, Isolation.PROCESS)
    rendered = shop.render.options(timeout=0.2).enqueue(7)
    work_off(shop.app)
    with pytest.raises(TaskFailed, match="HandlerTimedOut"):
        rendered.result()
    assert shop.cleaned == [7]


def test_results(shop: ModuleType, worker: VirtualWorker) -> None:
    assert shop.look_at_results() == [5, TaskState.SUCCEEDED, 5, [0, 2, 4], None]


def test_chains_groups_and_chords(shop: ModuleType, worker: VirtualWorker) -> None:
    first = shop.download.enqueue("prices.csv")
    worker.run_until_idle()
    assert shop.app.ref(f"{first.id}:parse").result() == len("what is in prices.csv")
    assert shop.add_up_prices("tea", "milk") == 4

    waits = shop.price.options(delay=12, retention=60).enqueue("tea")
    total = shop.total.enqueue([waits.id])
    assert worker.advance(10) == 3
    assert worker.advance(10) == 2
    assert total.result() == 3

    bad = shop.price.options(max_attempts=1).enqueue("gold")
    total = shop.total.options(max_attempts=1).enqueue([bad.id])
    with pytest.raises(TaskFailed, match="KeyError: 'gold'"):
        total.result()


def test_rate_limits(shop: ModuleType, worker: VirtualWorker) -> None:
    tasks = [shop.ask_partner.enqueue(order) for order in range(11)]
    worker.run_until_idle()
    states = [task.status() for task in tasks]
    assert states == [TaskState.SUCCEEDED] * 10 + [TaskState.SCHEDULED]
    shop.started.clear()
    worker.advance(60)
    assert tasks[-1].result() == "partner has order 10"


def test_schedules(shop: ModuleType) -> None:
    with testing.worker(shop.app, start=datetime(2030, 1, 31, 1, 59, 45, tzinfo=UTC)) as worker:
        assert worker.advance(15) == 2
        last = {schedule.name: schedule.last_id for schedule in shop.app.schedules.ls()}
        assert last == {"nightly": "nightly@2030-01-31T02:00:00Z", "pulse": "pulse@2030-01-31T02:00:00Z"}
        assert shop.app.ref(last["nightly"]).result() == "the nightly report is sent"


def test_queues_and_priorities(shop: ModuleType, worker: VirtualWorker) -> None:
    shop.call_with_priority()
    testing.assert_enqueued(shop.send_receipt, order_id=41, queue="mail", priority=3)
    assert shop.app.peek("mail").args == (42,)


def test_revoking(shop: ModuleType, worker: VirtualWorker) -> None:
    one, other = shop.send_receipt.enqueue(1), shop.send_receipt.enqueue(2)
    later = shop.send_receipt.options(delay=60).enqueue(4)
    shop.revoke(one.id)
    assert (one.status(), other.status()) == (TaskState.CANCELLED, TaskState.CANCELLED)
    with pytest.raises(TaskCancelled):
        later.result()
    assert worker.advance("1 hour") == 0


def test_signals(shop: ModuleType, worker: VirtualWorker) -> None:
    dead = shop.price.options(max_attempts=1).enqueue("gold")
    worker.run_until_idle()
    assert dead.status() is TaskState.DEAD
    assert shop.heard[-3:] == ["open", "before shop.price", "shop.price is dead: KeyError: 'gold'"]


def test_serializers(shop: ModuleType, worker: VirtualWorker) -> None:
    when = datetime(2030, 1, 31, tzinfo=UTC)
    assert shop.ship.enqueue(shop.Parcel("Oslo", 1.5), when).result() == "1.5 kg to Oslo on 31.01."


def test_acknowledgements(shop: ModuleType, worker: VirtualWorker) -> None:
    assert shop.wire_money.entry.starts_once
    assert shop.wire_money.enqueue(42).result() == "order 42 is wired"


def test_tests(shop: ModuleType) -> None:
    shop.test_charge()


TESTS = {
    "Tasks and calls": test_tasks_and_calls,
    "Options of a call": test_options_of_a_call,
    "Retries": test_retries,
    "The task itself: `bind=True`": test_the_task_itself,
    "Time limits": test_time_limits,
    "Results": test_results,
    "Chains, groups and chords": test_chains_groups_and_chords,
    "Rate limits": test_rate_limits,
    "Schedules": test_schedules,
    "Queues and priorities": test_queues_and_priorities,
    "Revoking": test_revoking,
    "Signals": test_signals,
    "Serializers": test_serializers,
    "Acknowledgements and the visibility timeout": test_acknowledgements,
    "Tests": test_tests,
}


def test_all_code_of_redisched_on_the_page_is_tested() -> None:
    assert [section.title for section in PAGE.with_code] == list(TESTS)


def test_the_code_of_celery_can_be_parsed() -> None:
    blocks = [block for section in PAGE.sections for block in section.theirs]
    assert len(blocks) >= 14
    for block in blocks:
        ast.parse(block)


def test_links_commands_and_flags_of_the_page_exist() -> None:
    assert broken_links(PAGE.path) == []
    assert PAGE.unknown_commands() == []
    assert is_command("worker --lease 30s")
    assert not is_command("worker --prefetch 4")


def test_the_flags_settings_and_events_that_the_page_names_exist() -> None:
    flags = worker_flags(PAGE.right_cells("Workers"))
    assert len(flags) >= 10
    assert [flag for flag in flags if not is_command(f"worker {flag}") and not is_command(f"web {flag}")] == []
    known = {field.name for field in dataclasses.fields(Settings)}
    assert set(re.findall(r"`Settings\((\w+)=", PAGE.text)) <= known
    assert set(re.findall(r"`@app\.(on_\w+)`", PAGE.text)) == set(PARAMETERS) - {"on_worker_start"} | {
        "on_worker_start"
    }
    cells = [
        cell for row in PAGE.right_cells("The task itself: `bind=True`") for cell in re.findall(r"`([a-z_]+)", row)
    ]
    assert cells
    assert [name for name in cells if not hasattr(TaskContext, name)] == []
