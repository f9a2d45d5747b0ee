"""Makes the definition of a schedule from what a caller gives: when its slots come, and what their tasks are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

from redisched.client.arguments import Signature
from redisched.client.request import resolve_options
from redisched.codec import DIGEST_BYTES, decode_task, digest_of, encode_task
from redisched.config import Durability, Settings
from redisched.errors import InvalidOption
from redisched.handler_options import HandlerOptions
from redisched.model import Keep
from redisched.options import NO_OPTIONS, TaskOptions, check_options
from redisched.packing import in_key_order
from redisched.registry import Registry
from redisched.schedules.definition import Definition, SlotTask, check_overlap
from redisched.timetable.at import At
from redisched.timetable.cron import Cron
from redisched.timetable.every import Every
from redisched.timetable.misfire import Misfire
from redisched.timetable.timetable import Timetable
from redisched.timetable.timing import Timing
from redisched.timetable.zone import UTC_NAME

_TIMETABLES = ("cron", "every", "at")
_GOES_WITH = {"tz": "cron", "anchor": "every"}
_BOUNDS = ("start", "end", "jitter")
_TIMING = (*_TIMETABLES, *_BOUNDS, "tz", "anchor")
_POLICIES = ("misfire", "overlap")
_OF_EACH_SLOT = ("id", "delay", "run_at")
_SOME_ID = "slot"


class Applications(Protocol):
    """The application, as far as tasks are made with it."""

    @property
    def settings(self) -> Settings: ...
    @property
    def registry(self) -> Registry: ...
    def signature_of(self, name: str) -> Signature: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a caller gives for a schedule, its options by their names. `args` and `kwargs` are None if not given."""

    handler: str
    args: Sequence[Any] | None
    kwargs: Mapping[str, Any] | None
    options: Mapping[str, Any]


def define(application: Applications, given: Given) -> tuple[str, Definition]:
    """The queue and the definition of a new schedule.

    Raises InvalidOption, InvalidArguments, NotEncodable and PayloadTooLarge.
    """
    timing, policies, fields_of_task = _divided(given.options)
    queue, task = _new_task(application, given, _checked(fields_of_task))
    return queue, Definition(timing=_timing(timing), task=task, **_policies(policies))


def redefine(application: Applications, queue: str, before: Definition, given: Given) -> Definition:
    """The definition of a schedule with what the caller gives in place of what it had. Raises as `define` does."""
    timing, policies, fields_of_task = _divided(given.options)
    options = _checked(fields_of_task)
    if options.queue not in (None, queue):
        raise InvalidOption("queue", options.queue, f"{queue!r}, where it is; remove the schedule and add it there")
    merged = _merged(_options_of(before.task), options)
    task = before.task
    if given.args is not None or given.kwargs is not None:
        task = _new_task(application, given, merged)[1]
    elif options != NO_OPTIONS:
        task = _changed_task(application, before.task, merged)
    changed = replace(before, task=task, **_policies(policies))
    return replace(changed, timing=_changed_timing(before.timing, timing)) if timing else changed


def _divided(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    timing = {name: value for name, value in options.items() if name in _TIMING}
    policies = {name: value for name, value in options.items() if name in _POLICIES}
    rest = {name: value for name, value in options.items() if name not in timing and name not in policies}
    return timing, policies, rest


def _policies(given: Mapping[str, Any]) -> dict[str, Any]:
    policies: dict[str, Any] = {}
    if "misfire" in given:
        policies["misfire"] = Misfire.of("misfire", given["misfire"])
    if "overlap" in given:
        policies["overlap"] = check_overlap("overlap", given["overlap"])
    return policies


def _timing(given: Mapping[str, Any]) -> Timing:
    return Timing.of(_timetable(given), **{name: given[name] for name in _BOUNDS if name in given})


def _changed_timing(before: Timing, given: Mapping[str, Any]) -> Timing:
    timetable = _changed_timetable(before.timetable, {name: given[name] for name in given if name not in _BOUNDS})
    bounds = {name: given[name] for name in _BOUNDS if name in given}
    changed = Timing.of(timetable, **bounds)
    return replace(before, timetable=timetable, **{f"{name}_ms": getattr(changed, f"{name}_ms") for name in bounds})


def _changed_timetable(before: Timetable, given: Mapping[str, Any]) -> Timetable:
    """The timetable with what is given in place of what it had: another expression is read in the same zone."""
    if not given:
        return before
    kept: dict[str, Any] = {}
    if isinstance(before, Cron):
        kept = {"cron": before.expression, "tz": before.tz}
    elif isinstance(before, Every):
        kept = {"every": before.interval_ms / 1_000, "anchor": before.anchor_ms / 1_000}
    if given.keys() <= kept.keys():
        return _timetable({**kept, **given})
    for option, of_kind in _GOES_WITH.items():
        if given.get(option) is not None and not any(name in given for name in _TIMETABLES):
            raise InvalidOption(option, given[option], f"only with {of_kind}, which this schedule does not have")
    return _timetable(given)


def _timetable(given: Mapping[str, Any]) -> Timetable:
    kinds = [name for name in _TIMETABLES if given.get(name) is not None]
    if len(kinds) != 1:
        found = " and ".join(kinds) or None
        raise InvalidOption("cron", found, "given, or every, or at, and one of them only")
    (kind,) = kinds
    for option, of_kind in _GOES_WITH.items():
        if given.get(option) is not None and kind != of_kind:
            raise InvalidOption(option, given[option], f"only with {of_kind}")
    if kind == "cron":
        return Cron(expression=given["cron"], tz=UTC_NAME if given.get("tz") is None else given["tz"])
    return Every.of(given["every"], given.get("anchor")) if kind == "every" else At.of(given["at"])


def _checked(given: Mapping[str, Any]) -> TaskOptions:
    for option in _OF_EACH_SLOT:
        if option in given:
            raise InvalidOption(option, given[option], "left out of a schedule, as each of its slots has its own")
    options = check_options(dict(given))
    for option in ("expires", "deadline"):
        if (getattr(options, option) or "").startswith("@"):
            raise InvalidOption(option, given[option], "seconds or a timedelta, counted from each slot on")
    return options


def _new_task(application: Applications, given: Given, options: TaskOptions) -> tuple[str, SlotTask]:
    signature = application.signature_of(given.handler)
    args, kwargs = given.args or (), given.kwargs or {}
    _check_arguments(args, kwargs)
    signature.check(args, kwargs)
    entry = application.registry.get(given.handler)
    defaults = HandlerOptions(durable=application.settings.durable) if entry is None else entry.options
    resolved = resolve_options(
        given.handler, defaults, replace(options, id=_SOME_ID), application.settings.payload_limit
    )
    if resolved.unique is not None:
        allowed = "None for a schedule: its slots are unique; overlap='skip' keeps two of its tasks from overlapping"
        raise InvalidOption("unique", resolved.unique.by, allowed)
    request = resolved.request(args, kwargs, signature)
    # Equal arguments are the same schedule, whoever made their dicts, and each slot enqueues them as they are given.
    alike = resolved.request(in_key_order(list(args)), in_key_order(dict(kwargs)), signature)
    record = alike.task.record[:DIGEST_BYTES] + request.task.record[DIGEST_BYTES:]
    task = SlotTask(
        handler=given.handler,
        priority=resolved.priority,
        record=record,
        traits=resolved.traits.encode(given.handler, record),
        options=_stored(options),
    )
    return resolved.queue, task


def _changed_task(application: Applications, before: SlotTask, options: TaskOptions) -> SlotTask:
    """The task with other options and the same arguments, in the form in which they travel."""
    limit = application.settings.payload_limit
    entry = application.registry.get(before.handler)
    defaults = HandlerOptions(durable=application.settings.durable) if entry is None else entry.options
    resolved = resolve_options(before.handler, defaults, replace(options, id=_SOME_ID), limit)
    body = decode_task(before.record, limit)._replace(
        max_attempts=resolved.max_attempts,
        timeout_ms=resolved.timeout_ms,
        retention_ms=resolved.retention_ms,
        keep=resolved.keep,
    )
    encoded = encode_task(body, limit)
    record = digest_of(encoded, resolved.fingerprint_suffix) + encoded
    return SlotTask(
        handler=before.handler,
        priority=resolved.priority,
        record=record,
        traits=resolved.traits.encode(before.handler, record),
        options=_stored(options),
    )


def _check_arguments(args: object, kwargs: object) -> None:
    if isinstance(args, str | bytes) or not isinstance(args, Sequence):
        raise InvalidOption("args", args, "a list or a tuple of arguments")
    if not isinstance(kwargs, Mapping) or not all(isinstance(key, str) for key in kwargs):
        raise InvalidOption("kwargs", kwargs, "a mapping with texts as keys, or None")


def _stored(options: TaskOptions) -> dict[str, Any]:
    given = {one.name: getattr(options, one.name) for one in fields(TaskOptions)}
    return {name: value for name, value in given.items() if value is not None}


def _options_of(task: SlotTask) -> TaskOptions:
    given = dict(task.options)
    for name, kind in (("keep", Keep), ("durable", Durability)):
        if name in given:
            given[name] = kind(given[name])
    known = {one.name for one in fields(TaskOptions)}
    return TaskOptions(**{name: value for name, value in given.items() if name in known})


def _merged(before: TaskOptions, given: TaskOptions) -> TaskOptions:
    return TaskOptions(**{**_stored(before), **_stored(given)})
