"""Enqueues tasks when the transaction of a SQLAlchemy session commits, and never if it is rolled back."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction, scoped_session
from sqlalchemy.util import await_only
from sqlalchemy.util.concurrency import in_greenlet

from redisched.client.handler import Handlers, Producer
from redisched.client.reference import TaskRef
from redisched.client.request import TaskRequest
from redisched.errors import InvalidOption

if TYPE_CHECKING:
    # Who has no async sessions need not have installed what they need.
    from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session

P = ParamSpec("P")
R = TypeVar("R")
_KEY = "redisched"
"""Where the session keeps what waits for its commit."""


class _Waiting(NamedTuple):
    application: Handlers
    request: TaskRequest
    transaction: SessionTransaction | None


class _Pending:
    """What waits for the commit of a session."""

    def __init__(self) -> None:
        self.waiting: list[_Waiting] = []
        self.is_committed = False


def enqueue_after_commit(
    session: "Session | AsyncSession | scoped_session[Any] | async_scoped_session[Any]",
    handler: Producer[P, R],
    *args: P.args,
    **kwargs: P.kwargs,
) -> TaskRef[R]:
    """Enqueue a task once the transaction of a session commits; answers its reference at once.

    Options and arguments are checked now, with nothing done: raises what `handler.request` raises. A rollback, also of
    the savepoint in which this is called, leaves no task. If Redis cannot be reached after the commit, the commit
    stands, and `session.commit()` raises BrokerUnavailable with the `requests`.
    """
    plain = _plain(session)
    request = handler.request(*args, **kwargs)
    transaction = plain.get_nested_transaction() or plain.get_transaction() or plain.begin()
    pending: _Pending = plain.info.setdefault(_KEY, _Pending())
    pending.waiting.append(_Waiting(handler.application, request, transaction))
    return handler.application.ref(request.id, request.queue)


def _plain(session: Any) -> Session:
    """The blocking session that does the work of this one."""
    found = getattr(session, "registry", lambda: session)()
    plain = getattr(found, "sync_session", found)
    if not isinstance(plain, Session):
        raise InvalidOption("session", session, "a Session or an AsyncSession of SQLAlchemy")
    return plain


# This and the others listen to all sessions: to one that tells of its commit, no listener can be added.
@event.listens_for(Session, "after_commit")
def _note_commit(session: Session) -> None:
    # The release of a savepoint is no commit. Other listeners may be the first to enqueue with this one.
    if session.get_nested_transaction() is None:
        session.info.setdefault(_KEY, _Pending()).is_committed = True


@event.listens_for(Session, "after_transaction_end")
def _send(session: Session, ended: SessionTransaction) -> None:
    """Enqueue what waits, if the session has committed. An error leaves the session as after any commit."""
    if ended.parent is not None:
        return
    pending: _Pending | None = session.info.pop(_KEY, None)
    if pending is None or not pending.is_committed:
        return
    with ExitStack() as stack:
        # A stack calls all, the last one first: the tasks of each application are sent, also if those of another fail.
        for application, requests in reversed(list(_together(pending.waiting))):
            stack.callback(_enqueue, application, requests)


def _enqueue(application: Handlers, requests: list[TaskRequest]) -> None:
    # In a call of an AsyncSession there is a greenlet. SQLAlchemy raises ImportError where none is installed.
    if "greenlet" in sys.modules and in_greenlet():
        await_only(application.enqueue_many_async(requests))
    else:
        application.enqueue_many(requests)


def _together(waiting: Sequence[_Waiting]) -> Iterator[tuple[Handlers, list[TaskRequest]]]:
    """The requests of each application, in order."""
    for application in dict.fromkeys(one.application for one in waiting):
        yield application, [one.request for one in waiting if one.application is application]


@event.listens_for(Session, "after_soft_rollback")
def _drop(session: Session, ended: SessionTransaction) -> None:
    """Forget what was to be enqueued by a transaction that was rolled back, and by those within it."""
    pending: _Pending = session.info.get(_KEY, _Pending())
    pending.waiting = [one for one in pending.waiting if not _is_within(one.transaction, ended)]


def _is_within(transaction: SessionTransaction | None, outer: SessionTransaction) -> bool:
    while transaction is not None:
        if transaction is outer:
            return True
        transaction = transaction.parent
    return False
