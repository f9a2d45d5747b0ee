"""Each kind of job on real input, run in this process as a worker would run it."""

import asyncio
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from redisched.context import TaskContext, running
from redisched.demo import ledger
from redisched.demo.aggregation import add_up_results
from redisched.demo.background import checksum, standard_library
from redisched.demo.facts import Kind
from redisched.demo.gateway import Behaviour, Gateway, behaviour_of
from redisched.demo.history import Execution, History
from redisched.demo.logs import count_actions, log_of_this_machine
from redisched.demo.mail import send_mail
from redisched.demo.mailbox import Mailbox
from redisched.demo.payments import GatewayUnavailable, PaymentRefused, charge
from redisched.demo.periodic import take_reading
from redisched.demo.surroundings import FOLDER_VARIABLE, GATEWAY_VARIABLE, SMTP_VARIABLE, NotConfigured


class Task:
    """The task that the handler reads."""

    def __init__(self, task_id: str, fence: int) -> None:
        self._id = task_id
        self._fence = fence

    def task_context(self) -> TaskContext:
        return TaskContext(
            id=self._id,
            name="demo",
            queue="work",
            attempt=1,
            max_attempts=5,
            fence=self._fence,
            priority=5,
            run_at_ms=0,
            worker="one",
        )


BeginTask = Callable[..., None]


@pytest.fixture
def begin() -> Iterator[BeginTask]:
    """Makes the next call run as a task."""
    before = running.get()

    def begin(task_id: str = "a", fence: int = 1) -> None:
        running.set(Task(task_id, fence))

    begin()
    yield begin
    running.set(before)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    ledger.create(tmp_path)
    return tmp_path


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    with Gateway() as gateway:
        monkeypatch.setenv(GATEWAY_VARIABLE, str(gateway.address))
        yield gateway


def order_of(behaviour: Behaviour) -> str:
    return next(order for number in range(1_000) if behaviour_of(order := f"order-{number}") is behaviour)


def executions(folder: Path) -> list[Execution]:
    history = History(folder)
    history.read()
    return history.executions


def results(folder: Path) -> list[tuple[str, int, int]]:
    with closing(sqlite3.connect(folder / "ledger.db")) as database:
        return database.execute("SELECT task, fence, amount FROM results").fetchall()


def test_a_checksum_is_that_of_the_file(begin: BeginTask, folder: Path) -> None:
    content = Path(os.__file__).read_bytes()

    assert checksum(os.__file__) == hashlib.sha256(content).hexdigest()
    assert results(folder) == [("a", 1, len(content))]


def test_the_checksum_of_a_tree_covers_its_files_in_order(begin: BeginTask) -> None:
    tree = standard_library() / "json"
    content = b"".join(path.read_bytes() for path in sorted(tree.glob("*.py")))

    assert checksum(str(tree)) == hashlib.sha256(content).hexdigest()


def test_every_line_of_the_log_has_an_action(begin: BeginTask, folder: Path) -> None:
    log = log_of_this_machine()

    actions = count_actions(str(log), 0, log.stat().st_size)

    assert sum(actions.values()) == len(log.read_bytes().splitlines())
    assert actions["install"] + actions["configure"] > 0


def test_a_mail_that_is_sent_repeatedly_arrives_once(
    begin: BeginTask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Mailbox() as mailbox:
        monkeypatch.setenv(SMTP_VARIABLE, str(mailbox.address))
        send_mail("customer-1@mail.example", "Your receipt", "Thank you.")
        send_mail("customer-1@mail.example", "Your receipt", "Thank you.")

        assert mailbox.received == 1


def test_a_payment_settles(begin: BeginTask, folder: Path, gateway: Gateway) -> None:
    assert charge(order_of(Behaviour.SETTLES), 700).startswith("charge-")
    assert results(folder) == [("a", 1, 700)]


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [(Behaviour.BUSY, GatewayUnavailable), (Behaviour.SHORT, PaymentRefused), (Behaviour.STALLS, TimeoutError)],
)
def test_a_payment_fails_with_its_gateway_and_is_not_recorded(
    begin: BeginTask, folder: Path, gateway: Gateway, behaviour: Behaviour, error: type[Exception]
) -> None:
    with pytest.raises(error):
        charge(order_of(behaviour), 700)

    (execution,) = executions(folder)
    assert (execution.kind, execution.failed, execution.error) == (Kind.PAYMENTS, True, error.__name__)
    assert results(folder) == []


def test_a_charge_whose_reply_was_lost_is_not_repeated(begin: BeginTask, folder: Path, gateway: Gateway) -> None:
    order = order_of(Behaviour.STALLS)
    with pytest.raises(TimeoutError):
        charge(order, 700)

    charge(order, 700)

    assert (gateway.charged_orders, gateway.double_charges) == (1, 0)


def test_totals_add_up_the_results_of_other_tasks(begin: BeginTask, folder: Path) -> None:
    for task_id in ("a", "b"):
        begin(task_id)
        ledger.keep(Kind.PAYMENTS, 700)
    begin("c")
    ledger.keep(Kind.MAIL, 80)

    assert add_up_results() == {Kind.PAYMENTS: 1_400, Kind.MAIL: 80}


def test_the_last_reading_enqueues_nothing(begin: BeginTask, folder: Path) -> None:
    assert asyncio.run(take_reading("reading", 3, 3)) >= 0

    (execution,) = executions(folder)
    assert execution.succeeded


def test_an_older_lease_of_a_task_cannot_overwrite_the_result_of_a_later_one(begin: BeginTask, folder: Path) -> None:
    for fence, amount in ((7, 70), (5, 50)):
        begin("a", fence)
        ledger.keep(Kind.LOGS, amount)

    assert results(folder) == [("a", 7, 70)]


def test_a_handler_outside_of_the_demo_says_which_variable_to_set(
    begin: BeginTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in (FOLDER_VARIABLE, GATEWAY_VARIABLE, SMTP_VARIABLE):
        monkeypatch.delenv(variable, raising=False)

    with pytest.raises(NotConfigured, match=GATEWAY_VARIABLE):
        charge("order-1", 700)
    with pytest.raises(NotConfigured, match=SMTP_VARIABLE):
        send_mail("customer-1@mail.example", "Your receipt", "Thank you.")
    with pytest.raises(NotConfigured, match=FOLDER_VARIABLE):
        add_up_results()
    assert checksum(os.__file__)
