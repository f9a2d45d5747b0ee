"""The schemas of actions, as they are asked for and as they are shown, and of the audit."""

from collections.abc import Mapping, Sequence
from typing import Any

from redisched.filters.filter import EVERY_STATE
from redisched.model import LOWEST_PRIORITY
from redisched.web.acting.action import ActionStage
from redisched.web.acting.on_schedules import SCHEDULE_ACTIONS
from redisched.web.acting.on_workers import WORKER_ACTIONS
from redisched.web.acting.requests import ACTIONS, MOST_IDS
from redisched.web.filtering import FILTER_FORMAT, LONGEST
from redisched.web.parameters import ID_PATTERN, QUEUE_PATTERN
from redisched.web.schemas.making import (
    ANYTHING,
    BOOLEAN,
    INTEGER,
    NUMBER,
    TEXT,
    JsonSchema,
    listed,
    mapped,
    maybe,
    nothing_else,
    one_of,
    page,
)

_LATEST_MS = 4_000_000_000_000
_LONGEST_S = 1_000_000_000
_QUEUE: JsonSchema = {"type": "string", "pattern": QUEUE_PATTERN}
_FILTER: JsonSchema = {"type": "string", "format": FILTER_FORMAT, "minLength": 1, "maxLength": LONGEST}
_IDS: JsonSchema = {
    "type": "array",
    "items": {"type": "string", "pattern": ID_PATTERN},
    "minItems": 1,
    "maxItems": MOST_IDS,
}
_SCHEDULES: JsonSchema = {
    "type": "array",
    "items": {"type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$"},
    "minItems": 1,
    "maxItems": MOST_IDS,
}
_WORKERS: JsonSchema = {
    "type": "array",
    "items": {"type": "string", "minLength": 1},
    "minItems": 1,
    "maxItems": MOST_IDS,
}
_SECONDS: JsonSchema = {"type": "number", "minimum": 0, "maximum": _LONGEST_S}
_SPAN: JsonSchema = {"type": "number", "minimum": 0.001, "maximum": _LONGEST_S}


def _asked(
    actions: Sequence[str], arguments: JsonSchema, needed: Sequence[str], **target: JsonSchema
) -> dict[str, Any]:
    """A request for one of some actions. `needed` are its parts besides the action that must be there."""
    properties = {"action": one_of(*actions), "arguments": arguments, "dry_run": BOOLEAN, **target}
    return {
        "type": "object",
        "properties": properties,
        "required": ["action", *needed],
        "additionalProperties": False,
    }


def _arguments(**fields: JsonSchema) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "additionalProperties": False}


_OF_TASKS = (
    (("cancel", "retry", "discard", "run_now", "delete"), _arguments(), ()),
    (
        ("reprioritize",),
        nothing_else(priority={"type": "integer", "minimum": 0, "maximum": LOWEST_PRIORITY}),
        ("arguments",),
    ),
    (("reschedule",), nothing_else(delay_s=_SECONDS), ("arguments",)),
    (("reschedule",), nothing_else(run_at_ms={"type": "integer", "minimum": 0, "maximum": _LATEST_MS}), ("arguments",)),
)
_STATES = {"type": "array", "items": one_of(*sorted(EVERY_STATE - {"leased", "running"})), "minItems": 1}
_REQUEST: JsonSchema = {
    "anyOf": [
        *(_asked(actions, arguments, (*needed, "filter"), filter=_FILTER) for actions, arguments, needed in _OF_TASKS),
        *(
            _asked(actions, arguments, (*needed, "ids"), ids=_IDS, queue=_QUEUE)
            for actions, arguments, needed in _OF_TASKS
        ),
        _asked(("queue_pause",), _arguments(duration_s=_SPAN), ("queue",), queue=_QUEUE),
        _asked(("queue_resume",), _arguments(), ("queue",), queue=_QUEUE),
        _asked(("queue_drain",), _arguments(timeout_s=_SPAN), ("queue",), queue=_QUEUE),
        _asked(("queue_purge",), _arguments(states=_STATES), ("queue",), queue=_QUEUE),
        _asked(tuple(SCHEDULE_ACTIONS), _arguments(), ("ids",), ids=_SCHEDULES, queue=_QUEUE),
        _asked(tuple(WORKER_ACTIONS), _arguments(), ("ids",), ids=_WORKERS),
    ]
}
_ENTRY = nothing_else(
    at_ms=INTEGER,
    event=TEXT,
    action_id=TEXT,
    action=TEXT,
    who=TEXT,
    role=TEXT,
    address=TEXT,
    target=mapped(ANYTHING),
    arguments=mapped(ANYTHING),
    count=INTEGER,
    outcomes=mapped(ANYTHING),
    error=maybe(TEXT),
)

OF_ACTIONS: Mapping[str, JsonSchema] = {
    "ActionRequest": _REQUEST,
    "Action": nothing_else(
        token=maybe(TEXT),
        action=one_of(*ACTIONS),
        filter=maybe(TEXT),
        ids=listed(TEXT),
        queue=maybe(TEXT),
        arguments=mapped(ANYTHING),
        stage=one_of(*ActionStage),
        count=INTEGER,
        count_is_exact=BOOLEAN,
        unknown=listed(TEXT),
        undo_left_s=maybe(NUMBER),
        done=INTEGER,
        outcomes=mapped(INTEGER),
        error=maybe(TEXT),
    ),
    "Audit": page("entries", _ENTRY),
}
