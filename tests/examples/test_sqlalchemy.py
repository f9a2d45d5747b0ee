"""The shop in `examples/sqlalchemy`: nothing is enqueued without a commit, nothing of an outbox is lost or doubled."""

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from redisched import testing
from redisched.errors import BrokerUnavailable

EXAMPLE = Path(__file__).parents[2] / "examples" / "sqlalchemy" / "shop.py"


class Shop:
    """The program with an empty database, and a worker of the test."""

    def __init__(self, program: dict[str, Any], worker: testing.VirtualWorker, url: str) -> None:
        self.program = program
        self.worker = worker
        self.app = worker.app
        self._engine = create_engine(url)
        program["Base"].metadata.create_all(self._engine)

    def session(self) -> Session:
        """A session of its database."""
        return Session(self._engine)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.chdir(tmp_path)
    program = runpy.run_path(str(EXAMPLE), run_name="shop")
    with testing.worker(program["app"]) as worker:
        yield Shop(program, worker, f"sqlite:///{tmp_path / 'shop.db'}")


def test_a_receipt_is_enqueued_by_the_commit_alone(shop: Shop) -> None:
    with shop.session() as session:
        shop.program["place"](session, "Ada")
        session.rollback()
        shop.program["place"](session, "Grace")
        assert shop.worker.run_until_idle() == 0
        session.commit()
    assert shop.worker.run_until_idle() == 1


def test_a_charge_is_done_once_whatever_is_repeated(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with shop.session() as session:
        shop.program["place_and_charge"](session, "Ada")
        session.rollback()
        first = shop.program["place_and_charge"](session, "Ada")
        session.commit()
    charged = shop.app.ref("outbox:1", "payments")

    with shop.session() as session:
        # The forwarder dies after Redis has the task, and before the row is gone.
        monkeypatch.setattr(session, "commit", fail)
        with pytest.raises(ZeroDivisionError):
            shop.program["forward"](session)
    assert shop.worker.run_until_idle() == 1
    with shop.session() as session:
        assert shop.program["forward"](session) == 1
        assert shop.program["forward"](session) == 0
    assert shop.worker.run_until_idle() == 0
    assert charged.result() == f"order {first} is charged"


def test_each_row_is_a_task_of_its_own(shop: Shop) -> None:
    for customer in ("Ada", "Grace"):
        with shop.session() as session:
            shop.program["place_and_charge"](session, customer)
            session.commit()
            assert shop.program["forward"](session) == 1
        assert shop.worker.run_until_idle() == 1


def fail() -> None:
    raise ZeroDivisionError


def test_what_redis_did_not_take_stays_in_the_outbox(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with shop.session() as session:
        shop.program["place_and_charge"](session, "Ada")
        session.commit()

    def away(requests: Any) -> None:
        assert len(list(requests)) == 1
        raise BrokerUnavailable("nobody answers", 5.0)

    with shop.session() as session:
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(shop.app, "enqueue_many", away)
            with pytest.raises(BrokerUnavailable):
                shop.program["forward"](session)
            session.rollback()
        assert shop.program["forward"](session) == 1
    assert shop.worker.run_until_idle() == 1


def test_the_commands_of_the_readme(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.program["main"]("order", "Ada")
    shop.program["main"]("charge", "Ada")

    assert capsys.readouterr().out == "order 1 of Ada is saved\norder 2 of Ada is saved\n"
    assert shop.worker.run_until_idle() == 1
    with shop.session() as session:
        assert shop.program["forward"](session) == 1
    assert "python shop.py forward" in (EXAMPLE.parent / "README.md").read_text(encoding="utf-8")
