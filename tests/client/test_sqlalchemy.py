"""Tasks of a SQLAlchemy transaction are there after its commit, and never after a rollback, also of a savepoint."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session, sessionmaker

from redisched import Scheduler, TaskState
from redisched.config import Settings
from redisched.errors import BrokerUnavailable, InvalidArguments, InvalidOption
from redisched.sqlalchemy import enqueue_after_commit
from redisched.store.broker import Broker


class Base(DeclarativeBase):
    """What the tables have in common."""


class Order(Base):
    """A row of the table."""

    __tablename__ = "orders"
    number: Mapped[int] = mapped_column(primary_key=True)


UNKNOWN, READY = TaskState.UNKNOWN, TaskState.READY


def charge(order: int) -> int:
    return order


@pytest.fixture
def tasks(broker: Broker) -> Scheduler:
    tasks = Scheduler(broker=broker)
    tasks.task(name="charge")(charge)
    return tasks


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")

    # The driver would begin no transaction before the first change, and savepoints need one.
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begun(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    with Session(engine) as session:
        session.execute(text("CREATE TABLE orders (number INTEGER)"))
        session.commit()
        yield session
    engine.dispose()


def save(session: Session, number: int) -> None:
    session.execute(text(f"INSERT INTO orders VALUES ({number})"))


def test_a_task_is_there_after_the_commit_and_only_once(tasks: Scheduler, session: Session) -> None:
    save(session, 1)
    ref = enqueue_after_commit(session, tasks.handler("charge"), 1)
    also = enqueue_after_commit(session, tasks.handler("charge").options(queue="mail", priority=2), order=2)
    session.flush()
    assert (ref.status(), also.status(), also.queue) == (UNKNOWN, UNKNOWN, "mail")

    session.commit()

    assert (ref.status(), also.status()) == (READY, READY)
    tasks.select(queue="default").delete()
    save(session, 2)
    session.commit()
    assert len(tasks.select(queue="default", state="ready").look()) == 0


def test_a_rollback_leaves_nothing_and_the_next_transaction_is_its_own(tasks: Scheduler, session: Session) -> None:
    save(session, 1)
    lost = enqueue_after_commit(session, tasks.handler("charge"), 1)
    session.rollback()
    kept = enqueue_after_commit(session, tasks.handler("charge"), 2)
    session.commit()
    assert (lost.status(), kept.status()) == (UNKNOWN, READY)


def test_a_session_that_is_closed_without_a_commit_enqueues_nothing(tasks: Scheduler, session: Session) -> None:
    ref = enqueue_after_commit(session, tasks.handler("charge"), 1)
    session.close()
    save(session, 1)
    session.commit()
    assert ref.status() is UNKNOWN


def test_what_a_savepoint_enqueued_goes_with_it(tasks: Scheduler, session: Session) -> None:
    before = enqueue_after_commit(session, tasks.handler("charge"), 1)
    with session.begin_nested():
        released = enqueue_after_commit(session, tasks.handler("charge"), 2)
    assert released.status() is UNKNOWN, "the release of a savepoint is no commit"
    savepoint = session.begin_nested()
    save(session, 3)
    rolled_back = enqueue_after_commit(session, tasks.handler("charge"), 3)
    with session.begin_nested():
        within = enqueue_after_commit(session, tasks.handler("charge"), 4)
    savepoint.rollback()

    session.commit()

    states = [ref.status() for ref in (before, released, rolled_back, within)]
    assert states == [READY, READY, UNKNOWN, UNKNOWN]


def test_a_released_savepoint_goes_with_the_transaction_around_it(tasks: Scheduler, session: Session) -> None:
    with session.begin_nested():
        ref = enqueue_after_commit(session, tasks.handler("charge"), 1)
    session.rollback()
    session.commit()
    assert ref.status() is UNKNOWN


def test_a_commit_that_fails_enqueues_nothing(tasks: Scheduler, session: Session) -> None:
    ref = enqueue_after_commit(session, tasks.handler("charge"), 1)
    event.listen(session, "before_commit", fail, once=True)
    with pytest.raises(ZeroDivisionError):
        session.commit()
    session.rollback()
    save(session, 1)
    session.commit()
    assert ref.status() is UNKNOWN


def fail(_session: Session) -> None:
    raise ZeroDivisionError


def test_wrong_arguments_are_refused_at_once(tasks: Scheduler, session: Session) -> None:
    handler: Any = tasks.handler("charge")
    with pytest.raises(InvalidArguments):
        enqueue_after_commit(session, handler, 1, 2, 3)
    not_one: Any = object()
    with pytest.raises(InvalidOption, match="a Session or an AsyncSession"):
        enqueue_after_commit(not_one, handler, 1)
    session.commit()
    assert tasks.select(queue="default").look() == []


def test_scoped_sessions_are_those_of_their_thread(tasks: Scheduler, session: Session) -> None:
    scoped = scoped_session(sessionmaker(session.get_bind()))
    ref = enqueue_after_commit(scoped, tasks.handler("charge"), 1)
    scoped.commit()
    assert ref.status() is READY
    scoped.remove()


def test_without_a_redis_the_commit_stands_and_the_tasks_are_with_the_error(session: Session) -> None:
    tasks = Scheduler(settings=Settings(url="redis://127.0.0.1:1/0", timeout_s=0.2))
    tasks.task(name="charge")(charge)
    save(session, 7)
    ref = enqueue_after_commit(session, tasks.handler("charge"), 7)

    with pytest.raises(BrokerUnavailable) as unavailable:
        session.commit()

    assert [request.id for request in unavailable.value.requests] == [ref.id]
    assert session.execute(text("SELECT number FROM orders")).scalars().all() == [7]


def test_an_application_without_a_redis_does_not_keep_back_the_tasks_of_another(
    tasks: Scheduler, session: Session
) -> None:
    away = Scheduler(settings=Settings(url="redis://127.0.0.1:1/0", timeout_s=0.2))
    away.task(name="charge")(charge)
    lost = enqueue_after_commit(session, away.handler("charge"), 7)
    kept = enqueue_after_commit(session, tasks.handler("charge"), 7)

    with pytest.raises(BrokerUnavailable) as unavailable:
        session.commit()

    assert [request.id for request in unavailable.value.requests] == [lost.id]
    assert kept.status() is READY


@pytest.mark.parametrize("name", ["before_commit", "after_commit", "after_flush"])
def test_a_listener_may_be_the_first_to_enqueue_with_a_commit(tasks: Scheduler, session: Session, name: str) -> None:
    refs = []

    def listen(_session: Session, *_args: object) -> None:
        refs.append(enqueue_after_commit(session, tasks.handler("charge"), 1))

    event.listen(session, name, listen)
    session.add(Order(number=1))
    session.commit()

    assert [ref.status() for ref in refs] == [READY]


def test_async_sessions_enqueue_without_blocking_the_loop(
    tasks: Scheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "enqueue_many", lambda _requests: pytest.fail("the loop was blocked"))

    async def run() -> list[TaskState]:
        engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}")
        make: async_sessionmaker[AsyncSession] = async_sessionmaker(engine)
        async with make() as session:
            kept = enqueue_after_commit(session, tasks.handler("charge"), 1)
            await session.commit()
            within = await session.run_sync(lambda plain: enqueue_after_commit(plain, tasks.handler("charge"), 3))
            await session.commit()
            lost = enqueue_after_commit(session, tasks.handler("charge"), 2)
            await session.rollback()
            await session.commit()
        await engine.dispose()
        states = [await ref.status_async() for ref in (kept, within, lost)]
        await tasks.close_async()
        return states

    assert asyncio.run(run()) == [READY, READY, UNKNOWN]
