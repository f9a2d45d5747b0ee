"""Assertions about the tasks that wait: which handler they are for, with which arguments and options."""

from collections.abc import Callable, Mapping
from typing import Any

from redisched.client.handler import Handler
from redisched.client.reference import TaskRef
from redisched.conversion.conversion import WrongArguments
from redisched.conversion.parameters import signature_of
from redisched.errors import InvalidOption
from redisched.filters.conditions import NameIn
from redisched.filters.filter import Filter
from redisched.option_checks import check_id, check_priority, check_queue, check_run_at
from redisched.store.inspect import Inspector
from redisched.store.operation import run
from redisched.store.page import Place, Query
from redisched.store.view import PENDING, TaskView
from redisched.testing.durations import check_duration
from redisched.testing.failures import NoWorkerHere
from redisched.testing.in_use import IN_USE

AT_ONCE = 100_000
"""More tasks than one test enqueues."""


def assert_enqueued(handler: Handler[..., Any], /, *args: Any, **expected: Any) -> TaskRef[Any]:
    """Assert that a task of this handler waits, and return the first there is, in the order in which they will run.

    `expected` are arguments of the handler, by their names, and options: `priority`, `queue`, `id`, `run_at`, and
    `delay`, which counts from now on. What is not given may be anything. Where the handler has an argument with the
    name of an option, it is the argument. Raises AssertionError with the tasks that do wait, InvalidOption, and
    NoWorkerHere.
    """
    wanted = _Wanted(handler, args, expected)
    waiting = _waiting(handler)
    for view in waiting:
        if wanted.is_met_by(view):
            return IN_USE[0].app.ref(view.id, view.queue)
    raise AssertionError(f"no task of {handler.name} waits{wanted}; {_listed(wanted, waiting)}")


def assert_not_enqueued(handler: Handler[..., Any], /, *args: Any, **expected: Any) -> None:
    """Assert that no task waits for which `assert_enqueued` would pass. Raises as that."""
    wanted = _Wanted(handler, args, expected)
    met = [view for view in _waiting(handler) if wanted.is_met_by(view)]
    if met:
        raise AssertionError(f"a task of {handler.name} waits{wanted}; {_listed(wanted, met)}")


class _Wanted:
    """What is expected of a task."""

    def __init__(self, handler: Handler[..., Any], args: tuple[Any, ...], expected: Mapping[str, Any]) -> None:
        """Raises InvalidOption for what is neither an argument of the handler nor an option that can be asked for."""
        if not isinstance(handler, Handler):
            raise InvalidOption("handler", handler, "a handler, as @app.task makes it of a function")
        self._entry = handler.entry
        resources = handler.entry.resources
        whole = signature_of(handler.entry.function)
        self._signature = whole if resources is None else resources.signature
        names = self._signature.parameters
        try:
            self._arguments = dict(self._signature.bind_partial(*args).arguments)
        except TypeError as error:
            raise InvalidOption("args", args, f"arguments of {handler.name}; {error}") from None
        self._options: dict[str, Any] = {}
        self._asked: dict[str, object] = {}
        takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in names.values())
        for name, value in expected.items():
            if name in names or (takes_any and name not in _OPTIONS):
                self._arguments[name] = value
            elif name in _OPTIONS:
                self._options[name] = _OPTIONS[name][0](name, value)
                self._asked[name] = value
            else:
                raise InvalidOption(name, value, f"an argument of {handler.name}, or {', '.join(_OPTIONS)}")

    def __str__(self) -> str:
        wanted = {**self._arguments, **self._asked}
        return " with " + ", ".join(f"{name}={value!r}" for name, value in wanted.items()) if wanted else ""

    def is_met_by(self, view: TaskView) -> bool:
        """Whether a task has everything that is expected."""
        given = self.arguments_of(view)
        return all(name in given and given[name] == value for name, value in self._arguments.items()) and all(
            _OPTIONS[name][1](view) == value for name, value in self._options.items()
        )

    def arguments_of(self, view: TaskView) -> Mapping[str, Any]:
        """The arguments of a task by their names, with the defaults of those that were not given."""
        if view.body is None:
            return {}
        try:
            args, kwargs = self._entry.arguments_of(view.body)
            bound = self._signature.bind(*args, **kwargs)
        except (TypeError, WrongArguments):
            # It was enqueued by its name, with arguments that the handler does not take.
            return view.body.kwargs
        bound.apply_defaults()
        return {**bound.arguments, **bound.kwargs}


def _due_in_ms(view: TaskView) -> int | None:
    return None if view.run_at_ms is None else max(0, view.run_at_ms - view.now_ms)


_OPTIONS: Mapping[str, tuple[Callable[[str, object], Any], Callable[[TaskView], Any]]] = {
    "priority": (check_priority, lambda view: view.priority),
    "queue": (check_queue, lambda view: view.queue),
    "id": (check_id, lambda view: view.id),
    "delay": (check_duration, _due_in_ms),
    "run_at": (check_run_at, lambda view: f"@{view.run_at_ms}"),
}


def _waiting(handler: Handler[..., Any]) -> list[TaskView]:
    """The waiting tasks of a handler, in whichever queue."""
    worker = IN_USE[0] if IN_USE else None
    if worker is None or worker.app.registry.get(handler.name) is not handler.entry:
        raise NoWorkerHere(handler.name)
    query = Query(states=PENDING, limit=AT_ONCE, matcher=Filter((NameIn.exactly(handler.name),)))
    broker = worker.app.broker
    found: list[tuple[Place, TaskView]] = []
    for queue in dict.fromkeys((*worker.app.registry.queues(), *worker.app.connection.shard_maps.queues())):
        found += run(Inspector(broker.script_runner, queue).page(query), broker.client()).tasks
    return [view for _, view in sorted(found, key=lambda task: task[0])]


def _listed(wanted: _Wanted, views: list[TaskView]) -> str:
    if not views:
        return "none of it waits"
    lines = []
    for view in views:
        arguments = ", ".join(f"{name}={value!r}" for name, value in wanted.arguments_of(view).items())
        due_ms = _due_in_ms(view)
        due = "with no time yet" if due_ms is None else f"due in {due_ms / 1e3:g} s"
        lines.append(
            f"\n  {view.id}: {arguments or 'no arguments'}; priority={view.priority}, {due}, queue {view.queue}"
        )
    return f"these wait:{''.join(lines)}"
