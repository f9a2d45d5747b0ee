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
    priority: int
    max_attempts: int
    timeout: float | timedelta | None
    expires: float | timedelta | datetime | None
    deadline: float | timedelta | datetime | None
    retention: float | timedelta
    keep: Keep | Literal["nothing", "result", "task"]
    unique: UniqueBy | None
    unique_for: Literal["until_started", "until_done"] | float | timedelta
    on_duplicate: OnDuplicate | Literal["return", "reject", "replace", "debounce"]
    debounce_max: float | timedelta
    durable: Durability | Literal["none", "local", "replica"]


class HandlerOptionFields(CommonOptionFields, total=False):
    """Options given to `@app.task(...)`: `isolation` says where the handler runs, `retry` when it is tried again,
    `delivery` whether it may start more than once, and `timeout_grace` how long it has to end once it was told to.
    """

    isolation: Isolation | Literal["none", "process"]
    timeout_grace: float | timedelta
    delivery: Delivery | Literal["at_least_once", "at_most_once"]
    retry: Retry


class TaskOptionFields(CommonOptionFields, total=False):
    """Options of one call: those it shares with its handler, and when and under which id it runs."""

    delay: float | timedelta
    run_at: datetime | float
    id: str


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
