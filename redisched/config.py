"""Settings of producers and workers. They are checked when they are created, and cannot change afterwards."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from redisched.backoff import Backoff
from redisched.errors import InvalidOption
from redisched.url import parse_address, text_of_url

LONGEST_S = 1e9
"""The longest timeout or retention, about thirty years."""


class Durability(StrEnum):
    """Where a task is stored when its enqueue returns."""

    NONE = "none"
    """In the memory of the primary. If it fails before its disk or a replica has the task, the task is lost."""
    LOCAL = "local"
    """On the disk of the primary. A crash of the primary or its machine does not lose the task."""
    REPLICA = "replica"
    """In the memory of replicas. If the primary is lost, a replica still has the task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings that producers and workers of one application share.

    `url` None means REDISCHED_URL from the environment, else the embedded server. An object that `str()` turns into a
    URL, such as those of pydantic, is accepted. `timeout_s` limits the duration of each call of a producer.

    The outcome of a finished task is kept for `retention_s`, that of a dead one for `dead_retention_s`. Some finished
    tasks have neither a retention of their own nor an id that the caller chose. Of these, each shard keeps only the
    newest `kept_results`, and in any case those of the last 15 s. `durable` is the default of every enqueue; an enqueue
    that is durable by replica waits until `durable_replicas` replicas have the task.

    Every key begins with `prefix` and a colon. Applications with different prefixes can share a Redis without seeing
    each other's tasks. None means REDISCHED_PREFIX from the environment, else "redisched". A producer opens at most
    `max_connections` to each server for all its threads, and as many for each event loop. A call that waits for a free
    connection waits no longer than its timeout.

    `application` is the name under which its code declares schedules: no two applications on one Redis may have the
    same. None means the module that makes the Scheduler.
    """

    url: str | None = field(default=None, repr=False)
    timeout_s: float = 5.0
    payload_limit: int = 256 * 1024
    retention_s: float = 600.0
    dead_retention_s: float = 30 * 86_400.0
    kept_results: int = 100_000
    durable: Durability = Durability.NONE
    durable_replicas: int = 1
    prefix: str | None = None
    max_connections: int = 64
    application: str | None = None

    def __post_init__(self) -> None:
        if self.url is not None:
            object.__setattr__(self, "url", text_of_url(self.url))
            parse_address(self.url)
        _check_seconds("timeout_s", self.timeout_s, lowest=0.001)
        _check_count("payload_limit", self.payload_limit)
        _check_seconds("retention_s", self.retention_s, lowest=0)
        _check_seconds("dead_retention_s", self.dead_retention_s, lowest=1)
        _check_count("kept_results", self.kept_results)
        _check_kind("durable", self.durable, Durability)
        _check_count("durable_replicas", self.durable_replicas)
        _check_count("max_connections", self.max_connections)
        if self.prefix is not None:
            object.__setattr__(self, "prefix", check_prefix("prefix", self.prefix))
        if self.application is not None and not (
            isinstance(self.application, str) and _APPLICATION.fullmatch(self.application)
        ):
            allowed = "1 to 100 letters, digits or any of . : _ -, beginning with a letter, a digit or _"
            raise InvalidOption("application", self.application, allowed)


class Eviction(StrEnum):
    """What a worker does when Redis may evict keys under memory pressure."""

    REFUSE = "refuse"
    """It does not start, because evicted tasks are lost without any error."""
    ALLOW = "allow"
    """It starts."""


class Until(StrEnum):
    """When a worker ends by itself."""

    STOPPED = "stopped"
    """Never; it runs until it is told to stop."""
    EMPTY = "empty"
    """When no task is due in its queues and none runs (`--burst`)."""


class LogFormat(StrEnum):
    """How a worker's processes write their log, unless the application configures logging itself."""

    TEXT = "text"
    """Lines for people."""
    JSON = "json"
    """One JSON object per line."""


LONGEST_VERSION = 100
"""The most characters of an application's version."""
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

UNROUTABLE_BACKOFF = Backoff(base_s=1.0, cap_s=60.0)
"""The pauses before a task can be claimed again whose handler the worker does not know."""
RECONNECT_BACKOFF = Backoff(base_s=0.05, cap_s=2.0)
"""The pauses between attempts to connect to Redis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """The settings of a worker. Empty `queues` means every queue that its handlers use. `imports` names modules with
    handlers, in addition to those that the application names.

    If a handler still runs `stuck_after_s` after its timeout or cancellation, its process is replaced. `window_ms` is
    how far ahead of its start a task may be leased. The tasks of a dead worker can be claimed again after `lease_s`.
    A worker that stops waits up to `grace_s` for its running tasks. A task whose process died `crash_limit` times is
    quarantined. A task whose handler no worker knows waits until one does; with an `unroutable_limit` it is buried
    after it was claimed so often.

    A worker process, and each process of isolated handlers, is replaced after it has run `max_tasks_per_child` tasks,
    and when it has more than `max_rss_bytes` of resident memory. A worker process works on until its successor does.

    `app_version` is the version of the application, which the worker tells together with what it serves.

    Messages of `log_level` (None: INFO) and above are logged in `log_format` (None: text). With `log_tasks` the start
    and end of each task is logged at INFO, else at DEBUG. A logging configuration of the application takes precedence.
    """

    queues: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    concurrency: int = 16
    processes: int = 1
    lease_s: float = 30.0
    window_ms: float = 20.0
    grace_s: float = 25.0
    stuck_after_s: float = 30.0
    crash_limit: int = 3
    unroutable_limit: int | None = None
    max_tasks_per_child: int | None = None
    max_rss_bytes: int | None = None
    app_version: str | None = None
    log_level: str | None = None
    log_format: LogFormat | None = None
    log_tasks: bool = False
    until: Until = Until.STOPPED
    eviction: Eviction = Eviction.REFUSE
    unroutable_backoff: Backoff = field(default=UNROUTABLE_BACKOFF)
    reconnect_backoff: Backoff = field(default=RECONNECT_BACKOFF)

    def __post_init__(self) -> None:
        _check_names("queues", self.queues)
        check_modules("imports", self.imports)
        _check_count("concurrency", self.concurrency)
        _check_count("processes", self.processes)
        _check_count("crash_limit", self.crash_limit)
        if self.unroutable_limit is not None:
            _check_count("unroutable_limit", self.unroutable_limit)
        for option in ("max_tasks_per_child", "max_rss_bytes"):
            if getattr(self, option) is not None:
                _check_count(option, getattr(self, option))
        _check_seconds("lease_s", self.lease_s, lowest=0.5, highest=86_400)
        _check_seconds("grace_s", self.grace_s, lowest=0)
        _check_seconds("stuck_after_s", self.stuck_after_s, lowest=0.1)
        if self.app_version is not None and not _is_version(self.app_version):
            raise InvalidOption("app_version", self.app_version, f"1 to {LONGEST_VERSION} printable characters")
        if self.log_level is not None and self.log_level not in LOG_LEVELS:
            raise InvalidOption("log_level", self.log_level, f"one of {', '.join(LOG_LEVELS)}, or None")
        if self.log_format is not None:
            _check_kind("log_format", self.log_format, LogFormat)
        _check_kind("until", self.until, Until)
        _check_kind("eviction", self.eviction, Eviction)
        if not _is_number(self.window_ms) or not 0 <= self.window_ms <= self.lease_s * 100:
            raise InvalidOption("window_ms", self.window_ms, "milliseconds, from 0 to a tenth of the lease")

    @property
    def heartbeat_s(self) -> float:
        """The seconds between two renewals of the worker's leases; a renewal also reports requested cancellations."""
        return min(1.0, self.lease_s / 3)

    @property
    def release_after_ms(self) -> float:
        """A prefetched task that is due, but has not started after this time, is released to other workers."""
        return max(LEAST_RELEASE_AFTER_MS, 5 * self.window_ms)


LEAST_RELEASE_AFTER_MS = 50.0
"""The least `release_after_ms`: a worker does not release tasks just because its event loop was busy for a moment."""
URL_VARIABLE = "REDISCHED_URL"
PREFIX_VARIABLE = "REDISCHED_PREFIX"
EMBEDDED_VARIABLE = "REDISCHED_EMBEDDED"
_YES = frozenset({"1", "true", "t", "yes", "y", "on"})
_NO = frozenset({"0", "false", "f", "no", "n", "off"})
_APPLICATION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,99}")
_PREFIX = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._:-]{0,62}[A-Za-z0-9._-])?")


def url_from(environment: Mapping[str, str]) -> str | None:
    """Return the URL in REDISCHED_URL, None if it is not set. Raises InvalidOption if it is invalid or empty."""
    url = environment.get(URL_VARIABLE)
    if url is not None:
        parse_address(url, URL_VARIABLE)
    return url


def check_modules(option: str, value: object) -> tuple[str, ...]:
    """Check a list of modules to import. Raises InvalidOption, also for a single text in place of a list."""
    if isinstance(value, list | tuple) and all(isinstance(name, str) and _is_module(name) for name in value):
        return tuple(value)
    raise InvalidOption(option, value, "a list of modules by their full names, such as ['shop.tasks']")


def _is_module(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def may_embed(environment: Mapping[str, str]) -> bool:
    """Whether an embedded server may be started if no Redis is named: unless REDISCHED_EMBEDDED says no. Raises
    InvalidOption for a word that says neither.
    """
    given = environment.get(EMBEDDED_VARIABLE, "")
    word = given.strip().lower()
    if word and word not in _YES | _NO:
        raise InvalidOption(
            EMBEDDED_VARIABLE, given, "1, true, yes or on; 0, false, no or off; or nothing, as if not set"
        )
    return word not in _NO


def prefix_from(environment: Mapping[str, str]) -> str | None:
    """Return the key prefix in REDISCHED_PREFIX, None if it is not set. Raises InvalidOption if it is invalid."""
    prefix = environment.get(PREFIX_VARIABLE)
    return None if prefix is None else check_prefix(PREFIX_VARIABLE, prefix)


def check_prefix(option: str, prefix: object) -> str:
    """Check a key prefix, and return it without a colon at its end. Raises InvalidOption."""
    text = prefix.removesuffix(":") if isinstance(prefix, str) else ""
    if not _PREFIX.fullmatch(text):
        raise InvalidOption(option, prefix, "1 to 64 letters, digits, '.', '_', '-' and, not at its begin, ':'")
    return text


def _is_version(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and 1 <= len(value) <= LONGEST_VERSION


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_count(option: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidOption(option, value, "a whole number, at least 1")


def _check_seconds(option: str, value: float, lowest: float, highest: float = LONGEST_S) -> None:
    if not _is_number(value) or not lowest <= value <= highest:
        raise InvalidOption(option, value, f"seconds, from {lowest:g} to {highest:g}")


def _check_kind(option: str, value: object, kind: type[StrEnum]) -> None:
    if not isinstance(value, kind):
        raise InvalidOption(option, value, f"one of {', '.join(f'{kind.__name__}.{member.name}' for member in kind)}")


def _check_names(option: str, value: object) -> None:
    if not isinstance(value, tuple) or not all(isinstance(name, str) for name in value):
        raise InvalidOption(option, value, "a tuple of names")
