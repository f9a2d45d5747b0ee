"""The options of a task and of a handler: each is declared once, as a field of `TaskOptions`."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict

from redisched.config import Durability
from redisched.errors import InvalidOption
from redisched.handler_options import HandlerOptions, check_attempts_of
from redisched.model import Delivery, Isolation, Keep, OnDuplicate, UniqueBy
from redisched.option_checks import (
    check_attempts,
    check_deadline,
    check_debounce_max,
    check_delay,
    check_durable,
    check_expires,
    check_id,
    check_keep,
    check_milliseconds,
    check_on_duplicate,
    check_priority,
    check_queue,
    check_run_at,
    check_timeout,
    check_unique,
    check_unique_for,
)
from redisched.retry import Retry


class CommonOptionFields(TypedDict, total=False):
    """Options of a handler and of a call. Durations in seconds or as timedelta; lower priorities run first."""

    queue: str
    """The queue in which the task waits: letters, digits, ".", "_" and "-". "default" where none is given."""
    priority: int
    """0 to 255; a lower number runs first. 5 where none is given."""
    max_attempts: int
    """How often the task is tried at most, 1 or more."""
    timeout: float | timedelta | None
    """How long one attempt may run. None: as long as it takes."""
    expires: float | timedelta | datetime | None
    """Until when a worker has to start the task, from its enqueue; else it ends as expired."""
    deadline: float | timedelta | datetime | None
    """Until when an attempt may begin, from the enqueue; after it the task is dead instead."""
    retention: float | timedelta
    """How long state and result can be read after the end; 0 keeps no result."""
    keep: Keep | Literal["nothing", "result", "task"]
    """What can be read of the task after its end."""
    unique: UniqueBy | None
    """While one task has this key, another enqueue adds none: True for all arguments, a text such as "order:{id}", or a
    function of the arguments.
    """
    unique_for: Literal["until_started", "until_done"] | float | timedelta
    """How long the task holds its unique key."""
    on_duplicate: OnDuplicate | Literal["return", "reject", "replace", "debounce"]
    """What becomes of an enqueue whose unique key another task holds."""
    debounce_max: float | timedelta
    """How long the task may be put off in all, with on_duplicate="debounce"."""
    durable: Durability | Literal["none", "local", "replica"]
    """Who must have the task when its enqueue returns."""


class HandlerOptionFields(CommonOptionFields, total=False):
    """Options given to `@app.task(...)`: `isolation` says where the handler runs, `retry` when it is tried again,
    `delivery` whether it may start more than once, and `timeout_grace` how long it has to end once it was told to.
    """

    isolation: Isolation | Literal["none", "process"]
    """Where the handler runs: in the worker process, or in a child process that can be killed."""
    timeout_grace: float | timedelta
    """How long an isolated handler has to end once it was told to; then its process is killed."""
    delivery: Delivery | Literal["at_least_once", "at_most_once"]
    """Whether the handler may start a second time for one task."""
    retry: Retry
    """How often and when a failed task is tried again."""


class TaskOptionFields(CommonOptionFields, total=False):
    """Options of one call: those it shares with its handler, and when and under which id it runs."""

    delay: float | timedelta
    """In which time the task becomes due, from its enqueue; instead of run_at."""
    run_at: datetime | float
    """When the task becomes due: an aware datetime, or seconds since 1970."""
    id: str
    """The id of the task, 1 to 200 printable characters. The same task under the same id is added once."""


IMMEDIATELY = "+0"
NO_TIMEOUT = 0
"""The `timeout_ms` of a call without a timeout, even if its handler has one."""
NEVER = ""
"""The `expires` or `deadline` of a call that has none, even if its handler sets a time."""
NOT_UNIQUE = False
"""The `unique` of a call without a unique key, even if its handler has one."""

_REFUSED = object()
"""Marks an option for which None is an error."""


@dataclass(frozen=True, slots=True)
class _Option:
    """How an option is passed: a check function for each of its names, and the value that None stands for."""

    checks: dict[str, Callable[[str, object], Any]]
    none: object


def _given(none: object = _REFUSED, **named: Callable[[str, object], Any]) -> dict[str, _Option]:
    """Return the metadata of a field whose option may be passed under one of these names."""
    return {"option": _Option(named, none)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOptions:
    """Checked options; a field is None if its option was not passed.

    `when`, `expires` and `deadline` have the format of the store: +delay or @time, in ms. A `timeout_ms` of 0 means no
    timeout, and an empty `expires` or `deadline` means never.
    """

    queue: str | None = field(default=None, metadata=_given(None, queue=check_queue))
    priority: int | None = field(default=None, metadata=_given(None, priority=check_priority))
    max_attempts: int | None = field(default=None, metadata=_given(max_attempts=check_attempts))
    timeout_ms: int | None = field(default=None, metadata=_given(NO_TIMEOUT, timeout=check_timeout))
    expires: str | None = field(default=None, metadata=_given(NEVER, expires=check_expires))
    deadline: str | None = field(default=None, metadata=_given(NEVER, deadline=check_deadline))
    retention_ms: int | None = field(default=None, metadata=_given(retention=check_milliseconds))
    keep: Keep | None = field(default=None, metadata=_given(keep=check_keep))
    durable: Durability | None = field(default=None, metadata=_given(durable=check_durable))
    unique: UniqueBy | None = field(default=None, metadata=_given(NOT_UNIQUE, unique=check_unique))
    unique_for: str | None = field(default=None, metadata=_given(unique_for=check_unique_for))
    on_duplicate: OnDuplicate | None = field(default=None, metadata=_given(on_duplicate=check_on_duplicate))
    debounce_max_ms: int | None = field(default=None, metadata=_given(debounce_max=check_debounce_max))
    when: str | None = field(default=None, metadata=_given(None, delay=check_delay, run_at=check_run_at))
    id: str | None = field(default=None, metadata=_given(None, id=check_id))


NO_OPTIONS = TaskOptions()
_FIELD_OF = {name: one for one in fields(TaskOptions) for name in one.metadata["option"].checks}
"""The field of TaskOptions for each name under which an option is passed."""


def check_options(given: dict[str, Any]) -> TaskOptions:
    """Check options and convert them to the format of the store.

    Raises InvalidOption, which names the option and what is allowed.
    """
    unknown = given.keys() - _FIELD_OF.keys()
    if unknown:
        name = min(unknown)
        known = f"no such option; there are {', '.join(sorted(_FIELD_OF))}"
        of_handler = "left out of a call, as it holds for a handler; give it to @app.task"
        raise InvalidOption(name, given[name], of_handler if name in HandlerOptionFields.__annotations__ else known)
    checked: dict[str, Any] = {}
    for name, value in given.items():
        one = _FIELD_OF[name]
        option: _Option = one.metadata["option"]
        if value is None:
            if option.none is _REFUSED:
                raise InvalidOption(name, value, f"None is no value for it; leave {name} out for the default")
            if one.name not in checked:
                checked[one.name] = option.none
        elif checked.get(one.name) is not None:
            raise InvalidOption(name, value, f"give either {' or '.join(option.checks)}, not both")
        else:
            checked[one.name] = option.checks[name](name, value)
    _check_that_it_can_start("expires", given, checked)
    _check_that_it_can_start("deadline", given, checked)
    _check_that_it_can_be_kept(given, checked)
    return TaskOptions(**checked)


def with_defaults(options: TaskOptions, defaults: HandlerOptions) -> HandlerOptions:
    """Return the defaults with the options that were passed in place of theirs. Raises InvalidOption if they do not go
    together.
    """
    known = {one.name for one in fields(HandlerOptions)}
    passed = {one.name: getattr(options, one.name) for one in fields(TaskOptions) if one.name in known}
    changes = {name: value for name, value in passed.items() if value is not None}
    if options.max_attempts is not None:
        check_attempts_of(defaults.delivery, "max_attempts", options.max_attempts)
        changes["retry"] = replace(defaults.retry, attempts=options.max_attempts)
    if options.timeout_ms == NO_TIMEOUT:
        changes["timeout_ms"] = None
    if options.retention_ms is not None:
        changes["retention_is_own"] = True
    if options.on_duplicate not in (None, OnDuplicate.DEBOUNCE):
        changes.setdefault("debounce_max_ms", 0)
    if options.unique is NOT_UNIQUE:
        # What the handler says about its key goes with the key.
        none = HandlerOptions()
        about_keys = ("unique_for", "on_duplicate", "debounce_max_ms")
        changes = {name: getattr(none, name) for name in about_keys} | changes
    _check_that_it_starts_in_time(options, defaults)
    return replace(defaults, **changes)


def _check_that_it_can_start(limit: str, given: dict[str, Any], checked: dict[str, Any]) -> None:
    when, until = checked.get("when") or IMMEDIATELY, checked.get(limit) or NEVER
    if until and when[0] == until[0] and int(until[1:]) <= int(when[1:]):
        raise InvalidOption(limit, given[limit], "later than the time from which the task may run")


def _check_that_it_starts_in_time(options: TaskOptions, defaults: HandlerOptions) -> None:
    """Check the time of a call against those limits of its handler that hold for it."""
    when = options.when or IMMEDIATELY
    for name in ("expires", "deadline"):
        until = getattr(defaults, name)
        if until and getattr(options, name) is None and when[0] == until[0] and int(until[1:]) <= int(when[1:]):
            allowed = f"less than {int(until[1:]) / 1000:g} s, the {name} of the handler; or give {name}= as well"
            raise InvalidOption("delay", int(when[1:]) / 1000, allowed)


def _check_that_it_can_be_kept(given: dict[str, Any], checked: dict[str, Any]) -> None:
    if checked.get("retention_ms") == 0 and checked.get("keep", Keep.NOTHING) is not Keep.NOTHING:
        raise InvalidOption("keep", given["keep"], f"{Keep.NOTHING} with a retention of 0")
