"""A password that changes, or rights that are taken away, while a worker runs: an outage that the worker survives."""

import threading
from collections.abc import Callable, Iterator

import pytest

from redisched import Scheduler, current_task
from redisched.embedded import PrivateServer
from redisched.errors import AccessDenied, WrongKeyType
from redisched.model import TaskState
from redisched.store.broker import connect
from tests.engine.running import RunningWorker, counts, look
from tests.waiting import wait_until

TIMEOUT_S = 2.0
USER = "app"
Perform = Callable[..., object]


class Troubled:
    """A server whose operator, on a connection of his own, takes rights from a user and gives them back."""

    def __init__(self, server: PrivateServer) -> None:
        self.operator = connect(server.url, TIMEOUT_S)
        self.perform("ACL", "SETUSER", USER, "on", ">right", "~*", "&*", "+@all")
        self.perform("CONFIG", "SET", "requirepass", "")
        self.url = server.url.replace("unix://", f"unix://{USER}:right@")
        self.plain_url = server.url

    def perform(self, *command: str) -> object:
        return self.operator.client().perform(command)


@pytest.fixture(scope="module")
def server() -> Iterator[PrivateServer]:
    with PrivateServer() as server:
        yield server


@pytest.fixture
def troubled(server: PrivateServer) -> Iterator[Troubled]:
    troubled = Troubled(server)
    troubled.perform("FLUSHALL")
    yield troubled
    troubled.operator.close()


def change_password(perform: Perform) -> None:
    perform("ACL", "SETUSER", USER, "resetpass", ">other")
    perform("CLIENT", "KILL", "USER", USER)


def take_all_commands(perform: Perform) -> None:
    perform("ACL", "SETUSER", USER, "-@all")


def take_scripts(perform: Perform) -> None:
    perform("ACL", "SETUSER", USER, "-@scripting")


def take_writes_from_scripts(perform: Perform) -> None:
    perform("ACL", "SETUSER", USER, "-@write")


def take_keys(perform: Perform) -> None:
    perform("ACL", "SETUSER", USER, "resetkeys")


def delete_user(perform: Perform) -> None:
    perform("ACL", "DELUSER", USER)


def give_back(perform: Perform) -> None:
    perform("ACL", "SETUSER", USER, "on", "resetpass", ">right", "~*", "&*", "+@all")


TROUBLES = (change_password, take_all_commands, take_scripts, take_writes_from_scripts, take_keys, delete_user)
every_trouble = pytest.mark.parametrize("begin", TROUBLES, ids=lambda begin: begin.__name__)


class Logged:
    """The log messages of a worker."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    def has(self, part: str) -> bool:
        return any(record.getMessage().startswith(part) for record in self._caplog.records)


@every_trouble
def test_tasks_that_ended_while_access_was_denied_are_settled_afterwards(
    troubled: Troubled, begin: Callable[[Perform], None], caplog: pytest.LogCaptureFixture
) -> None:
    app = Scheduler(broker=connect(troubled.url, TIMEOUT_S))
    begun, release = threading.Semaphore(0), threading.Event()
    runs: list[str] = []

    @app.task
    def across(fails: bool) -> str:
        runs.append(current_task().id)
        begun.release()
        release.wait(30)
        if fails:
            raise ValueError("as it shall")
        return "ended"

    tasks = [across.enqueue(False), across.enqueue(False), across.options(max_attempts=1).enqueue(True)]
    with RunningWorker(app, lease_s=10.0, concurrency=3) as worker:
        for _ in tasks:
            assert begun.acquire(timeout=10)
        begin(troubled.perform)
        release.set()
        wait_until(lambda: Logged(caplog).has("settler of default"), "the settler was refused")
        wait_until(lambda: Logged(caplog).has("claimer of default"), "the claimer was refused")
        give_back(troubled.perform)
        assert [task.result(timeout=20) for task in tasks[:2]] == ["ended", "ended"]
        wait_until(lambda: tasks[2].status() is TaskState.DEAD, "the third task was buried")
        assert across.enqueue(False).result(timeout=20) == "ended"
        assert not worker.has_ended
    assert len(runs) == len(set(runs)) == 4
    app.close()


def test_a_server_that_suddenly_requires_a_password_is_an_outage(
    troubled: Troubled, caplog: pytest.LogCaptureFixture
) -> None:
    app = Scheduler(broker=connect(troubled.plain_url, TIMEOUT_S))
    begun, release = threading.Event(), threading.Event()

    @app.task
    def across() -> int:
        begun.set()
        release.wait(30)
        return current_task().attempt

    task = across.enqueue()
    boss = connect(troubled.url, TIMEOUT_S)
    with RunningWorker(app, lease_s=10.0):
        assert begun.wait(10)
        boss.client().perform(("CONFIG", "SET", "requirepass", "secret"))
        boss.client().perform(("CLIENT", "KILL", "USER", "default"))
        release.set()
        wait_until(lambda: Logged(caplog).has("settler of default"), "the settler was refused")
        boss.client().perform(("CONFIG", "SET", "requirepass", ""))
        assert task.result(timeout=20) == 1
    boss.close()
    app.close()


@every_trouble
def test_a_producer_without_access_gets_an_error_at_once(troubled: Troubled, begin: Callable[[Perform], None]) -> None:
    app = Scheduler(broker=connect(troubled.url, TIMEOUT_S))
    app.enqueue("work")
    begin(troubled.perform)
    try:
        with pytest.raises(AccessDenied):
            app.enqueue("work")
        with pytest.raises(AccessDenied):
            app.enqueue_many([app.request("work")])
    finally:
        give_back(troubled.perform)
        app.close()


def test_a_worker_without_access_at_its_start_ends_with_an_error(troubled: Troubled) -> None:
    app = Scheduler(broker=connect(troubled.url.replace("right", "wrong"), TIMEOUT_S))
    with pytest.raises(AccessDenied), RunningWorker(app) as worker:
        worker.join()


def test_a_key_of_another_type_loses_no_task(troubled: Troubled, caplog: pytest.LogCaptureFixture) -> None:
    """A key of a wrong type blocks a settlement: the settlement is carried out once the key has been moved away."""
    app = Scheduler(broker=connect(troubled.url, TIMEOUT_S))
    begun, release = threading.Semaphore(0), threading.Event()

    @app.task
    def across() -> int:
        begun.release()
        release.wait(30)
        return current_task().attempt

    tasks = [across.enqueue() for _ in range(3)]
    with RunningWorker(app, lease_s=10.0, concurrency=3):
        for _ in tasks:
            assert begun.acquire(timeout=10)
        troubled.perform("RPUSH", "redisched:{default}:outcomes", "of somebody else")
        release.set()
        with pytest.raises(WrongKeyType, match="outcomes"):
            app.enqueue("work", id="another")
        wait_until(lambda: Logged(caplog).has("settler of default"), "the settler was refused")
        assert counts(troubled.operator).leased == 3
        troubled.perform("DEL", "redisched:{default}:outcomes")
        assert [task.result(timeout=20) for task in tasks] == [1, 1, 1]
        view = look(troubled.operator, tasks[0].id)
        assert view.state is TaskState.SUCCEEDED
    app.close()
