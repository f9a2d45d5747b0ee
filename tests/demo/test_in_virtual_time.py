"""The demo's handlers as tasks: a worker for tests runs them, with their retries, in virtual time."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from redisched import TaskState, testing
from redisched.demo import ledger
from redisched.demo.aggregation import add_up_results
from redisched.demo.app import app
from redisched.demo.background import checksum
from redisched.demo.facts import Kind
from redisched.demo.gateway import Behaviour, Gateway, behaviour_of
from redisched.demo.logs import count_actions, log_of_this_machine
from redisched.demo.mail import send_mail
from redisched.demo.mailbox import Mailbox, is_greylisted
from redisched.demo.payments import charge
from redisched.demo.periodic import PERIOD_S, reading_id, take_reading
from redisched.demo.surroundings import FOLDER_VARIABLE, GATEWAY_VARIABLE, SMTP_VARIABLE
from redisched.errors import TaskFailed


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    ledger.create(tmp_path)
    return tmp_path


@pytest.fixture
def worker(folder: Path) -> Iterator[testing.VirtualWorker]:
    with testing.worker(app) as worker:
        yield worker


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    with Gateway() as gateway:
        monkeypatch.setenv(GATEWAY_VARIABLE, str(gateway.address))
        yield gateway


def order_of(behaviour: Behaviour) -> str:
    return next(order for number in range(1_000) if behaviour_of(order := f"order-{number}") is behaviour)


def test_jobs_of_all_kinds_run_and_their_results_add_up(worker: testing.VirtualWorker, gateway: Gateway) -> None:
    log = log_of_this_machine()
    digest = checksum.enqueue(os.__file__)
    actions = count_actions.enqueue(str(log), 0, log.stat().st_size)
    charge.enqueue(order_of(Behaviour.SETTLES), 700)
    totals = add_up_results.options(delay=60).enqueue()
    worker.advance("1m")

    assert digest.result() == hashlib.sha256(Path(os.__file__).read_bytes()).hexdigest()
    assert totals.result()[Kind.PAYMENTS] == 700
    assert totals.result()[Kind.BACKGROUND] == Path(os.__file__).stat().st_size
    assert totals.result()[Kind.LOGS] == sum(actions.result().values())


@pytest.mark.parametrize(("behaviour", "attempts"), [(Behaviour.SETTLES, 1), (Behaviour.BUSY, 2), (Behaviour.SHORT, 3)])
def test_a_payment_is_tried_until_it_settles(
    worker: testing.VirtualWorker, gateway: Gateway, behaviour: Behaviour, attempts: int
) -> None:
    payment = charge.enqueue(order_of(behaviour), 700)

    assert worker.advance("1m") == attempts
    assert payment.result().startswith("charge-")
    assert (gateway.charged_orders, gateway.double_charges) == (1, 0)


def test_a_payment_that_is_always_refused_is_dead_after_five_attempts(
    worker: testing.VirtualWorker, gateway: Gateway
) -> None:
    payment = charge.enqueue(order_of(Behaviour.REFUSES), 700)

    assert worker.advance("1m") == 5
    with pytest.raises(TaskFailed, match="PaymentRefused"):
        payment.result()


def test_a_greylisted_mail_arrives_with_its_second_attempt(
    worker: testing.VirtualWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipient = next(name for n in range(1_000) if is_greylisted(name := f"customer-{n}@mail.example"))
    with Mailbox() as mailbox:
        monkeypatch.setenv(SMTP_VARIABLE, str(mailbox.address))
        mail = send_mail.enqueue(recipient, "Your receipt", "Thank you.")
        worker.run_until_idle()
        assert (mail.status(), mailbox.received) == (TaskState.RETRYING, 0)
        worker.advance("1s")
        assert (mail.status(), mailbox.received) == (TaskState.SUCCEEDED, 1)


def test_each_reading_enqueues_the_next_one_a_period_later(worker: testing.VirtualWorker, folder: Path) -> None:
    take_reading.options(id=reading_id("load", 1)).enqueue("load", 1, 100)
    worker.run_until_idle()
    testing.assert_enqueued(take_reading, series="load", number=2, last=100, delay=PERIOD_S)

    assert worker.advance(98 * PERIOD_S) == 98
    testing.assert_enqueued(take_reading, number=100)
    assert worker.advance("1h") == 1
    testing.assert_not_enqueued(take_reading)
    with closing(sqlite3.connect(folder / "ledger.db")) as database:
        assert database.execute("SELECT count(*) FROM results").fetchone() == (100,)
