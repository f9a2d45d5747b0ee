"""Enqueues tasks when the transaction of a SQLAlchemy session commits, and never if it is rolled back."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction, scoped_session
from sqlalchemy.util import await_only

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
    is_async: bool


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
    plain, is_async = _plain(session)
    request = handler.request(*args, **kwargs)
    if _KEY not in plain.info:
        plain.info[_KEY] = _Pending()
        event.listen(plain, "after_commit", _note_commit)
        event.listen(plain, "after_soft_rollback", _drop)
        event.listen(plain, "after_transaction_end", _send)
    transaction = plain.get_nested_transaction() or plain.get_transaction() or plain.begin()
    plain.info[_KEY].waiting.append(_Waiting(handler.application, request, transaction, is_async))
    return handler.application.ref(request.id, request.queue)


def _plain(session: Any) -> tuple[Session, bool]:
    """The blocking session that does the work of this one, and whether this one is async."""
    found = getattr(session, "registry", lambda: session)()
    plain = getattr(found, "sync_session", found)
    if not isinstance(plain, Session):
        raise InvalidOption("session", session, "a Session or an AsyncSession of SQLAlchemy")
    return plain, plain is not found


def _note_commit(session: Session) -> None:
    # The release of a savepoint is no commit.
    if session.get_nested_transaction() is None:
        session.info[_KEY].is_committed = True


def _send(session: Session, ended: SessionTransaction) -> None:
    """Enqueue what waits, if the session has committed. An error leaves the session as after any commit."""
    if ended.parent is not None:
        return
    pending: _Pending = session.info[_KEY]
    session.info[_KEY] = _Pending()
    for application, is_async, requests in _together(pending.waiting if pending.is_committed else ()):
        if is_async:
            await_only(application.enqueue_many_async(requests))
        else:
            application.enqueue_many(requests)


def _together(waiting: Sequence[_Waiting]) -> Iterator[tuple[Handlers, bool, list[TaskRequest]]]:
    """The requests of each application, in order."""
    for application in dict.fromkeys(one.application for one in waiting):
        own = [one for one in waiting if one.application is application]
        yield application, own[0].is_async, [one.request for one in own]


def _drop(session: Session, ended: SessionTransaction) -> None:
    """Forget what was to be enqueued by a transaction that was rolled back, and by those within it."""
    pending: _Pending = session.info[_KEY]
    pending.waiting = [one for one in pending.waiting if not _is_within(one.transaction, ended)]


def _is_within(transaction: SessionTransaction | None, outer: SessionTransaction) -> bool:
    while transaction is not None:
        if transaction is outer:
            return True
        transaction = transaction.parent
    return False
