"""From the environment to the settings of a worker, checked in sentences."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from redisched.config import URL_VARIABLE, Eviction, WorkerSettings
from redisched.errors import InvalidOption
from redisched.options import check_queue

T = TypeVar("T")

HEALTH_FILE_VARIABLE = "REDISCHED_HEALTH_FILE"
DEFAULT_HEALTH_FILE = "/tmp/redisched-worker-health"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What the environment says about this process."""

    settings: WorkerSettings
    health_file: Path
    log_level: int


def deployment_from(environment: Mapping[str, str]) -> Deployment:
    """The deployment an environment describes.

    Raises InvalidOption, naming the variable and what is allowed.
    """
    if not environment.get(URL_VARIABLE):
        raise InvalidOption(URL_VARIABLE, "", "set it to your Redis, such as redis://valkey:6379/0")
    defaults = WorkerSettings()
    settings = WorkerSettings(
        queues=_read(environment, "REDISCHED_QUEUES", _queues, defaults.queues),
        concurrency=_read(environment, "REDISCHED_CONCURRENCY", _whole, defaults.concurrency),
        processes=_read(environment, "REDISCHED_PROCESSES", _whole, defaults.processes),
        lease_s=_read(environment, "REDISCHED_LEASE_SECONDS", _seconds, defaults.lease_s),
        grace_s=_read(environment, "REDISCHED_GRACE_SECONDS", _seconds, defaults.grace_s),
        stuck_after_s=_read(environment, "REDISCHED_STUCK_AFTER_SECONDS", _seconds, defaults.stuck_after_s),
        max_tasks_per_child=_read(environment, "REDISCHED_MAX_TASKS_PER_CHILD", _whole, defaults.max_tasks_per_child),
        max_memory_per_child_mb=_read(
            environment, "REDISCHED_MAX_MEMORY_PER_CHILD_MB", _whole, defaults.max_memory_per_child_mb
        ),
        window_ms=_read(environment, "REDISCHED_WINDOW_MS", _seconds, defaults.window_ms),
        eviction=_read(environment, "REDISCHED_EVICTION", _eviction, defaults.eviction),
    )
    return Deployment(
        settings=settings,
        health_file=health_file_from(environment),
        log_level=_read(environment, "REDISCHED_LOG_LEVEL", _log_level, logging.INFO),
    )


def health_file_from(environment: Mapping[str, str]) -> Path:
    """The file whose age tells whether the worker is healthy."""
    return Path(environment.get(HEALTH_FILE_VARIABLE) or DEFAULT_HEALTH_FILE)


def _read(environment: Mapping[str, str], variable: str, parse: Callable[[str, str], T], default: T) -> T:
    text = environment.get(variable, "").strip()
    return parse(variable, text) if text else default


def _whole(variable: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) == 0:
        raise InvalidOption(variable, text, "a whole number above 0")
    return int(text)


def _seconds(variable: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidOption(variable, text, "a number") from None


def _queues(variable: str, text: str) -> tuple[str, ...]:
    return tuple(check_queue(variable, name.strip()) for name in text.split(","))


def _eviction(variable: str, text: str) -> Eviction:
    if text not in tuple(Eviction):
        raise InvalidOption(variable, text, "refuse or allow")
    return Eviction(text)


def _log_level(variable: str, text: str) -> int:
    levels = logging.getLevelNamesMapping()
    if text.upper() not in levels:
        raise InvalidOption(variable, text, "DEBUG, INFO, WARNING, ERROR or CRITICAL")
    return levels[text.upper()]
