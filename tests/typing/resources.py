"""Programs with resources, which mypy checks with the plugin: what a worker fills in is no argument of a task."""

DATABASE = """\
from typing import Annotated

from redisched import Resource


class Database:
    name = "a"


def make_database() -> Database:
    return Database()


shared = Resource(make_database)
Db = Annotated[Database, Resource(make_database)]
Checked = Annotated[int, "at least 1"]
"""

CHARGING = """\
from __future__ import annotations

import typing
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, assert_type

import database
import redisched
from database import Checked, Database, Db, make_database, shared
from redisched import PROVIDED, Resource, Scheduler, TaskRef, testing

app = Scheduler()
Own = Annotated[Database, "a note", Resource(make_database, per="task")]


@app.task
def charge(order: int, db: Annotated[Database, Resource(make_database)], amount: float = 1.0) -> str:
    return db.name


@app.task(queue="money", timeout=5)
async def refund(db: Db, order: Checked, *, own: Own) -> bytes:
    return own.name.encode()


@app.task()
def forward(
    one: typing.Annotated[Database, redisched.Resource(make_database)],
    two: "Annotated[Database, shared]",
    three: database.Db,
    *orders: int,
) -> None: ...


@app.task
def without_plugin(order: int, db: Annotated[Database, Resource(make_database)] = PROVIDED) -> None: ...


@app.task
def plain(order: Annotated[int, "a note"], db: Database) -> None: ...


def given_elsewhere(order: int, db: Db) -> int:
    return order


registered = app.task(given_elsewhere)
assert_type(charge.enqueue(1), TaskRef[str])
assert_type(charge.enqueue(1, 2.5), TaskRef[str])
assert_type(charge.options(delay=5).enqueue(order=1, amount=2.5), TaskRef[str])
assert_type(charge(1), str)
coroutine = assert_type(refund(1), Coroutine[Any, Any, bytes])
assert_type(refund.enqueue(1).result(), bytes)
assert_type(registered.enqueue(1), TaskRef[int])
forward.enqueue(1, 2, 3)
without_plugin.enqueue(1)
plain.enqueue(1, Database())
charge.enqueue(1, Database())  # error: arg-type
charge.enqueue(1, db=Database())  # error: call-arg
charge.enqueue("1")  # error: arg-type
charge.enqueue()  # error: call-arg
refund.enqueue(1, own=Database())  # error: call-arg
refund.enqueue("1")  # error: arg-type
forward.enqueue("1")  # error: arg-type
without_plugin.enqueue(1, Database())  # error: call-arg
registered.enqueue(1, Database())  # error: call-arg
plain.enqueue(1)  # error: call-arg
Resource()  # error: call-arg
Resource(5)  # error: arg-type
Resource(make_database, per="thread")  # error: arg-type
with testing.worker(app, resources={make_database: Database()}, lifespans=False), testing.context(resources={}):
    pass


@app.lifespan
def sync() -> Iterator[None]:
    yield


@app.lifespan
async def on_loop() -> AsyncIterator[None]:
    yield


@app.lifespan
@asynccontextmanager
async def decorated() -> AsyncIterator[None]:
    yield


@app.lifespan  # error: type-var
def no_lifespan() -> None: ...
"""
