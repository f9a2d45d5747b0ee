"""What an observer sees of every task, as plain values that do not depend on how redisched encodes anything."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from redisched.model import Failure, Outcome, TaskBody, TaskState
from redisched.store.adding_shards import stores_of
from redisched.store.broker import Broker
from redisched.store.inspect import Inspector
from redisched.store.operation import run
from redisched.store.page import Place, Query
from redisched.store.reported import read_report
from redisched.store.view import TaskView

Facts: TypeAlias = Mapping[str, Any]
Seen: TypeAlias = Mapping[str, Facts]
"""The facts of each task, by its id."""

_PAGE = 2_000
_PLAIN = (
    *("priority", "run_at_ms", "attempts", "crashes", "cancel_requested", "worker", "lease_until_ms"),
    *("started_ms", "died_ms", "forgotten_ms", "undecodable", "shard", "name", "expires_ms"),
    *("deadline_ms", "checkpoint_bytes", "unique_key", "unique_for", "is_successor"),
)
_NOTHING: tuple[Any, ...] = (None, 0, "", {})
_EVERY_STATE = tuple(state for state in TaskState if state is not TaskState.UNKNOWN)


def look_through(broker: Broker, queue: str) -> dict[str, dict[str, Any]]:
    """The facts of every task of a queue that a listing shows, by its id."""
    told = set(_told(broker, queue))
    return {
        view.id: facts_of(view) | (_report_of(broker, view) if view.id in told else {})
        for view in views_of(broker, queue)
    }


def views_of(broker: Broker, queue: str) -> Iterator[TaskView]:
    """Every task of a queue that a listing shows."""
    inspector, client = Inspector(broker.script_runner, queue), broker.client()
    after: Place | None = None
    while True:
        page = run(inspector.page(Query(states=_EVERY_STATE, limit=_PAGE), after), client)
        yield from page.views
        after = page.next
        if after is None:
            return


def _told(broker: Broker, queue: str) -> Iterator[str]:
    """The tasks of a queue whose handlers have told something."""
    client = broker.client()
    for store in run(stores_of(broker.script_runner, queue), client):
        yield from (id.decode() for id in client.perform(("HKEYS", store.keys.reports)))


def _report_of(broker: Broker, view: TaskView) -> dict[str, Any]:
    told = run(read_report(broker.script_runner, view.queue, view.shard, view.id), broker.client())
    return {"report": [text_of(told.progress), [text_of(line) for line in told.log.lines]]}


def repairs_of(broker: Broker, queue: str) -> dict[str, int]:
    """How many tasks of a queue a scrubber has repaired, by what was wrong."""
    made = run(Inspector(broker.script_runner, queue).repairs(), broker.client())
    return {kind.value: count for kind, count in made.items()}


def facts_of(view: TaskView) -> dict[str, Any]:
    """The facts of a task. Empty values are left out, except in `priority`."""
    facts = {
        "state": view.state.value,
        **{name: getattr(view, name) for name in _PLAIN},
        # Dumps use the name under which Redis stores it.
        "bounces": view.redeliveries,
        **({} if view.body is None else _of_body(view.body)),
        **({} if view.failure is None else _of_failure(view.failure)),
        **({} if view.outcome is None else _of_outcome(view.outcome)),
    }
    return {name: value for name, value in facts.items() if value not in _NOTHING or name == "priority"}


def arguments_text(args: Any, kwargs: Any) -> str:
    """The arguments of a handler as text."""
    return text_of((list(args), dict(kwargs)))


def text_of(value: Any) -> str:
    """A value as text that tells values and types apart, and is the same in every process."""
    if isinstance(value, set | frozenset):
        return f"{type(value).__name__}({', '.join(sorted(map(text_of, value)))})"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}({', '.join(map(text_of, value))})"
    if isinstance(value, dict):
        return f"dict({', '.join(f'{text_of(key)}: {text_of(inner)}' for key, inner in value.items())})"
    return repr(value)


def _of_body(body: TaskBody) -> dict[str, Any]:
    limits = {name: getattr(body, name) for name in ("max_attempts", "timeout_ms", "retention_ms", "keep")}
    return {
        "arguments": arguments_text(body.args, body.kwargs),
        "limits": {name: value for name, value in limits.items() if value is not None},
    }


def _of_failure(failure: Failure) -> dict[str, Any]:
    names = ("name", "error", "traceback", "attempt", "worker", "failed_ms", "reason")
    return {"failure": [getattr(failure, name) for name in names]}


def _of_outcome(outcome: Outcome) -> dict[str, Any]:
    names = ("name", "attempt", "worker", "started_ms", "ended_ms")
    return {"outcome": [getattr(outcome, name) for name in names], "result": text_of(outcome.result)}
