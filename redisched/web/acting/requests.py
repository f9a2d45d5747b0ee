"""Reads the request for an action from the body that was sent."""

from collections.abc import Callable, Mapping
from typing import Any

from redisched.errors import InvalidOption
from redisched.option_checks import check_queue
from redisched.web.acting.on_queues import QUEUE_ACTIONS, queue_of
from redisched.web.acting.on_schedules import SCHEDULE_ACTIONS, schedules_of
from redisched.web.acting.on_tasks import VERBS, tasks_of
from redisched.web.acting.on_workers import WORKER_ACTIONS, workers_of
from redisched.web.acting.target import ActionRequest, ActionTarget
from redisched.web.filtering import LONGEST
from redisched.web.redis import Redis

ACTIONS = (*VERBS, *QUEUE_ACTIONS, *SCHEDULE_ACTIONS, *WORKER_ACTIONS)
MOST_IDS = 1_000
DRY_RUN = "dry_run"


def request_in(body: Mapping[str, Any]) -> ActionRequest:
    """The request of a body. Raises InvalidOption for a part that is missing, unknown or wrong."""
    for name in sorted(body.keys() - _READERS.keys()):
        raise InvalidOption(name, body[name], f"left out; there are {', '.join(_READERS)}")
    if "action" not in body:
        raise InvalidOption("action", None, f"one of {', '.join(ACTIONS)}")
    read = {name: reader(name, body[name]) for name, reader in _READERS.items() if name in body}
    read.pop(DRY_RUN, None)
    return ActionRequest(**read)


async def target_of(request: ActionRequest, redis: Redis) -> ActionTarget:
    """What a request is about, and what is to be done to it. Raises InvalidOption, and Problem."""
    if request.action in VERBS:
        return tasks_of(request, redis)
    if request.action in SCHEDULE_ACTIONS:
        return schedules_of(request)
    if request.action in WORKER_ACTIONS:
        return workers_of(request)
    return await queue_of(request, redis)


def _action(name: str, value: object) -> str:
    if not isinstance(value, str) or value not in ACTIONS:
        raise InvalidOption(name, value, f"one of {', '.join(ACTIONS)}")
    return value


def _filter(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise InvalidOption(name, str(value)[:40], f"a text of at most {LONGEST} characters")
    return value


def _ids(name: str, value: object) -> tuple[str, ...]:
    is_list = isinstance(value, list) and all(isinstance(id, str) for id in value)
    if not isinstance(value, list) or not is_list or not 1 <= len(value) <= MOST_IDS:
        raise InvalidOption(name, str(value)[:40], f"a list of 1 to {MOST_IDS} texts; for more, a filter")
    return tuple(dict.fromkeys(value))


def _arguments(name: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidOption(name, value, "an object of JSON")
    return value


def _boolean(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidOption(name, value, "true or false")
    return value


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "action": _action,
    "filter": _filter,
    "ids": _ids,
    "queue": check_queue,
    "arguments": _arguments,
    DRY_RUN: _boolean,
}
