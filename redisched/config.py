"""Settings of a producer and of a worker: checked in sentences, then frozen."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from redisched.backoff import Backoff
from redisched.errors import InvalidOption
from redisched.url import parse_address, text_of_url

LONGEST_S = 1e9
"""Thirty years: no timeout or retention may be longer."""


class Durability(StrEnum):
    """Where a task is when an enqueue returns."""

    NONE = "none"
    """In the memory of the primary: until its disk or a replica has it, too, it can be lost with it."""
    LOCAL = "local"
    """On the disk of the primary, which outlives its process and its machine."""
    REPLICA = "replica"
    """In the memory of replicas, one of which outlives the primary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What producers and workers of one application share.

    `url` None means REDISCHED_URL from the environment, else the embedded server; what turns into a URL by `str()`, as
    pydantic's do, is taken as its text. `timeout_s` bounds each call of a producer.

    A finished task can be read for `retention_s`, a dead one for `dead_retention_s`. Of finished ones that asked for no
    retention of their own, and whose id redisched gave, each shard of a queue keeps the newest `kept_results`, and in
    any case those of the last 15 s. `durable` holds for every enqueue that says nothing else; one that is durable by
    replica waits for `durable_replicas` of them.

    Every key begins with `prefix` and a colon, so that applications with different ones share a Redis and see nothing
    of each other; None means REDISCHED_PREFIX from the environment, else "redisched". Producers have at most
    `max_connections` to each server at a time, for threads and for each event loop; what waits for one waits within
    its timeout.
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


class Eviction(StrEnum):
    """What a worker does when Redis may evict keys under memory pressure."""

    REFUSE = "refuse"
    """Refuses to start: evicted tasks are lost without a trace."""
    ALLOW = "allow"
    """Starts all the same."""


class Until(StrEnum):
    """When a worker ends by itself."""

    STOPPED = "stopped"
    """Never; it serves until it is told to stop."""
    EMPTY = "empty"
    """When nothing is due in its queues and nothing runs (`--burst`)."""


class LogFormat(StrEnum):
    """How a worker's processes write their log, unless the application configures logging itself."""

    TEXT = "text"
    """Lines for people."""
    JSON = "json"
    """One JSON object a line."""


LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

RETRY_BACKOFF = Backoff(base_s=5.0, cap_s=3_600.0)
"""Between attempts of a failing task: with the default number of them at least two hours in all, in which a database
can be restarted or a deploy rolled back.
"""
UNROUTABLE_BACKOFF = Backoff(base_s=1.0, cap_s=60.0)
"""Between offers of a task whose handler the worker does not know."""
RECONNECT_BACKOFF = Backoff(base_s=0.05, cap_s=2.0)
"""Between attempts to reach Redis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """How a worker works. No queues named means every queue its handlers use; `imports` are modules that have handlers,
    besides those that the application names itself.

    A handler that goes on for `stuck_after_s` after its timeout or its cancellation has its process replaced.
    `window_ms` bounds how long a leased task may wait for its start; a dead worker's tasks are claimable again after
    `lease_s`; a stopping worker gives its running tasks `grace_s`. `crash_limit` deaths of a process under a task
    quarantine it; a task nobody knows is offered `unroutable_limit` times.

    The process of isolated handlers is replaced after `max_tasks_per_child` of them, and after one that leaves it with
    more than `max_memory_per_child_mb` of resident memory.

    What happens is logged from `log_level` on, None for INFO, as `log_format` says, None for text. With `log_tasks`
    each start and end of a task is logged at INFO, not at DEBUG. Where the application configures logging, that holds.
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
    unroutable_limit: int = 20
    max_tasks_per_child: int | None = None
    max_memory_per_child_mb: int | None = None
    log_level: str | None = None
    log_format: LogFormat | None = None
    log_tasks: bool = False
    until: Until = Until.STOPPED
    eviction: Eviction = Eviction.REFUSE
    retry_backoff: Backoff = field(default=RETRY_BACKOFF)
    unroutable_backoff: Backoff = field(default=UNROUTABLE_BACKOFF)
    reconnect_backoff: Backoff = field(default=RECONNECT_BACKOFF)

    def __post_init__(self) -> None:
        _check_names("queues", self.queues)
        check_modules("imports", self.imports)
        _check_count("concurrency", self.concurrency)
        _check_count("processes", self.processes)
        _check_count("crash_limit", self.crash_limit)
        _check_count("unroutable_limit", self.unroutable_limit)
        for option in ("max_tasks_per_child", "max_memory_per_child_mb"):
            if getattr(self, option) is not None:
                _check_count(option, getattr(self, option))
        _check_seconds("lease_s", self.lease_s, lowest=0.5, highest=86_400)
        _check_seconds("grace_s", self.grace_s, lowest=0)
        _check_seconds("stuck_after_s", self.stuck_after_s, lowest=0.1)
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
        """How often held leases are renewed, and cancellations noticed."""
        return min(1.0, self.lease_s / 3)

    @property
    def patience_ms(self) -> float:
        """How long a leased task may wait for its start before it is given to others."""
        return max(LEAST_PATIENCE_MS, 5 * self.window_ms)


LEAST_PATIENCE_MS = 50.0
"""A task that is about to start is not given back for a moment in which the event loop was busy."""
URL_VARIABLE = "REDISCHED_URL"
PREFIX_VARIABLE = "REDISCHED_PREFIX"
EMBEDDED_VARIABLE = "REDISCHED_EMBEDDED"
_PREFIX = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._:-]{0,62}[A-Za-z0-9._-])?")


def url_from(environment: Mapping[str, str]) -> str | None:
    """The URL of Redis named by the environment, if any. Raises InvalidOption for one that is none, as an empty one."""
    url = environment.get(URL_VARIABLE)
    if url is not None:
        parse_address(url, URL_VARIABLE)
    return url


def check_modules(option: str, value: object) -> tuple[str, ...]:
    """Names of modules to import. Raises InvalidOption, also for a single text, which is no list of names."""
    if isinstance(value, list | tuple) and all(isinstance(name, str) and _is_module(name) for name in value):
        return tuple(value)
    raise InvalidOption(option, value, "a list of modules by their full names, such as ['shop.tasks']")


def _is_module(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def may_embed(environment: Mapping[str, str]) -> bool:
    """Whether the environment leaves it open to make an embedded server where no Redis is named."""
    return environment.get(EMBEDDED_VARIABLE, "").strip().lower() not in ("0", "false", "no", "off")


def prefix_from(environment: Mapping[str, str]) -> str | None:
    """What the environment says that every key begins with, if anything. Raises InvalidOption."""
    prefix = environment.get(PREFIX_VARIABLE)
    return None if prefix is None else check_prefix(PREFIX_VARIABLE, prefix)


def check_prefix(option: str, prefix: object) -> str:
    """What every key begins with, without the colon that follows it. Raises InvalidOption."""
    text = prefix.removesuffix(":") if isinstance(prefix, str) else ""
    if not _PREFIX.fullmatch(text):
        raise InvalidOption(option, prefix, "1 to 64 letters, digits, '.', '_', '-' and, not at its begin, ':'")
    return text


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
