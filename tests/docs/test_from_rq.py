"""The page for those who come from RQ is true: each block of redisched does what the page says."""

import ast
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType

import pytest

from redisched import TaskState, testing
from redisched.errors import TaskCancelled
from redisched.model import Isolation
from redisched.testing import VirtualWorker
from tests.brokers import BrokerKind, Servers
from tests.docs.links import broken_links
from tests.docs.migration import MigrationPage

pytestmark = pytest.mark.measured

PAGE = MigrationPage("from-rq")


@pytest.fixture(scope="module")
def shop(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    servers.broker(BrokerKind.VALKEY).close()
    with PAGE.on_server(servers.url(BrokerKind.VALKEY), tmp_path_factory.mktemp("rq")) as module:
        yield module


@pytest.fixture
def worker(shop: ModuleType) -> Iterator[VirtualWorker]:
    """A worker in virtual time, without the schedules of the page."""
    with testing.worker(shop.app, schedules=()) as running:
        yield running


def test_jobs_and_calls(shop: ModuleType, worker: VirtualWorker) -> None:
    assert shop.call() == shop.count_words("one two three four five six") == 6
    assert shop.app.enqueue("shop.count_words", "to be").result() == 2


def test_options_of_a_call(shop: ModuleType, worker: VirtualWorker) -> None:
    shop.call_with_options(["one", "two"])
    testing.assert_enqueued(shop.count_words, text="later", delay=60)
    testing.assert_enqueued(shop.count_words, text="much later", run_at=datetime(2030, 1, 1, 9, tzinfo=UTC))
    testing.assert_enqueued(shop.count_words, text="now", id="count-7", priority=0)
    testing.assert_enqueued(shop.count_words, text="two")
    assert shop.app.peek().id == "count-7"


def test_retries(shop: ModuleType, worker: VirtualWorker) -> None:
    charged = shop.charge.enqueue(42)
    assert [worker.advance(seconds) for seconds in (0, 10, 30, 60)] == [1, 1, 1, 1]
    assert charged.result() == "order 42 is paid at attempt 4"


def test_failed_jobs(shop: ModuleType, worker: VirtualWorker) -> None:
    mended, given_up = shop.ship.enqueue(""), shop.ship.enqueue("")
    worker.run_until_idle()
    assert (mended.status(), given_up.status()) == (TaskState.DEAD, TaskState.DEAD)
    shop.mend(mended.id)
    assert mended.result() == "it goes to Oslo"
    assert given_up.status() is TaskState.CANCELLED


def test_meta(shop: ModuleType, worker: VirtualWorker) -> None:
    exported = shop.export.enqueue(3)
    assert exported.result() == "3 pages"
    progress = exported.progress()
    assert (progress.done, progress.total, progress.note) == (3, 3, "page 3")
    with testing.context(state=5) as task:
        shop.export(3)
    assert task.saved == 5, "it did not go on where the attempt before had been"


def test_callbacks(shop: ModuleType, worker: VirtualWorker) -> None:
    shop.noted.clear()
    sent, dead = shop.ship.options(id="sent").enqueue("Oslo"), shop.ship.options(id="dead").enqueue("")
    worker.run_until_idle()
    assert (sent.status(), dead.status()) == (TaskState.SUCCEEDED, TaskState.DEAD)
    assert sorted(shop.noted) == [
        "dead: attempts used up: ValueError: the address has no city",
        "sent: it goes to Oslo",
    ]


def test_dependencies(shop: ModuleType, worker: VirtualWorker) -> None:
    assert shop.add_up_prices("tea", "milk", "gold") == 4
    waits = shop.price.options(delay=12, retention=60).enqueue("tea")
    total = shop.total.enqueue([waits.id])
    assert [worker.advance(10), worker.advance(10)] == [3, 2]
    assert total.result() == 3


def test_schedules(shop: ModuleType) -> None:
    with testing.worker(shop.app, start=datetime(2030, 1, 31, 1, 59, 45, tzinfo=UTC)) as worker:
        assert worker.advance(15) == 2
        last = {schedule.name: schedule.last_id for schedule in shop.app.schedules.ls()}
        assert last == {"nightly": "nightly@2030-01-31T02:00:00Z", "pulse": "pulse@2030-01-31T02:00:00Z"}
        assert shop.app.ref(last["nightly"]).result() == "the nightly report is sent"


def test_queues_and_priorities(shop: ModuleType, worker: VirtualWorker) -> None:
    shop.call_with_priority()
    testing.assert_enqueued(shop.send_receipt, order_id=43, queue="mail", priority=7)
    assert shop.app.peek("mail").args == (42,)


def test_cancelling_and_stopping(shop: ModuleType, worker: VirtualWorker) -> None:
    waits = shop.send_receipt.enqueue(42)
    assert shop.cancel(waits.id) == "cancelled"
    assert worker.run_until_idle() == 0
    with pytest.raises(TaskCancelled):
        waits.result()


def test_async_isolation_and_worker_classes(shop: ModuleType, worker: VirtualWorker) -> None:
    assert shop.fetch.enqueue("example.org").result() == "example.org is fetched"
    assert shop.resize.entry.options.isolation is Isolation.PROCESS
    assert shop.resize.enqueue("cat.png").result() == os.getpid()  # in tests, nothing is isolated


def test_tests(shop: ModuleType) -> None:
    shop.test_charge()


TESTS = {
    "Jobs and calls": test_jobs_and_calls,
    "Options of a call": test_options_of_a_call,
    "Retries": test_retries,
    "Failed jobs": test_failed_jobs,
    "Meta": test_meta,
    "Callbacks": test_callbacks,
    "Dependencies": test_dependencies,
    "Schedules": test_schedules,
    "Queues and priorities": test_queues_and_priorities,
    "Cancelling and stopping": test_cancelling_and_stopping,
    "Async, isolation, worker classes": test_async_isolation_and_worker_classes,
    "Tests": test_tests,
}


def test_all_code_of_redisched_on_the_page_is_tested() -> None:
    assert [section.title for section in PAGE.with_code] == list(TESTS)


def test_the_code_of_rq_can_be_parsed() -> None:
    blocks = [block for section in PAGE.sections for block in section.theirs]
    assert len(blocks) >= 11
    for block in blocks:
        ast.parse(block)


def test_links_and_commands_of_the_page_exist() -> None:
    assert len(re.findall("`redisched ", PAGE.text)) >= 15
    assert broken_links(PAGE.path) == []
    assert PAGE.unknown_commands() == []
