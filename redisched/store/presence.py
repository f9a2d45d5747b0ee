"""What worker processes say of themselves while they live: who each of them is, and what its deployment serves."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, NamedTuple, Self

from redisched.errors import Undecodable
from redisched.orders import WorkerState
from redisched.packing import pack_own, unpack

MOST_NAMES = 1_000
"""So many handlers and so many queues of a deployment are told; of the others only the number."""
MOST_BYTES = 64 * 1024
"""A deployment whose names need more bytes tells fewer of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What all worker processes with the same code and the same options have in common.

    `version` is that of redisched, `application` the name of the application, and `app_version` its version, empty if
    it gives none. `format` is the highest format that it understands, and `codec` the name of the application's codec,
    empty if it has none.
    """

    version: str = ""
    application: str = ""
    app_version: str = ""
    format: int = 0
    codec: str = ""
    queues: tuple[str, ...] = ()
    handlers: tuple[str, ...] = ()
    more_queues: int = 0
    more_handlers: int = 0

    def encode(self) -> bytes:
        """Encode it, with fewer names if it is too long."""
        most = MOST_NAMES
        while len(encoded := pack_own(asdict(self._with(most)))) > MOST_BYTES and most:
            most //= 2
        return encoded

    def _with(self, most: int) -> Self:
        """The same with so many names at most."""
        told = asdict(self) | {"queues": self.queues[:most], "handlers": self.handlers[:most]}
        told["more_queues"] += len(self.queues[most:])
        told["more_handlers"] += len(self.handlers[most:])
        return type(self)(**told)


class ToldTask(NamedTuple):
    """A task that a worker tells of: one that runs since `at_ms`, or one in its window that is due at `at_ms`."""

    id: str
    name: str
    queue: str
    at_ms: int


MOST_TASKS = 50
"""So many running tasks are told, and so many in the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """A worker process: where it runs, for how long, how many tasks at the same time, and which.

    `deployment` is the digest of its deployment. It counts as present for `live_ms` after it said so. `running` and
    `window` are the first of its tasks, in the order in which they began or will; `busy` slots have one, `due` wait in
    the window for a slot and `ahead` for their time. `state` is a WorkerState, or what only a later version knows.
    `rss_bytes` is its resident memory.
    """

    host: str = ""
    pid: int = 0
    up_ms: int = 0
    slots: int = 0
    deployment: str = ""
    live_ms: int = 0
    rss_bytes: int = 0
    state: str = WorkerState.WORKING.value
    busy: int = 0
    due: int = 0
    ahead: int = 0
    running: tuple[ToldTask, ...] = ()
    window: tuple[ToldTask, ...] = ()

    def encode(self) -> bytes:
        """Encode it."""
        return pack_own(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentWorker:
    """A worker that is present, as a reader finds it. Times are the server's, in milliseconds."""

    name: str
    until_ms: int
    presence: Presence

    @property
    def started_ms(self) -> int:
        """When it started."""
        return self.seen_ms - self.presence.up_ms

    @property
    def seen_ms(self) -> int:
        """When it said this."""
        return self.until_ms - self.presence.live_ms


def digest_of(serves: bytes) -> str:
    """The digest of an encoded deployment."""
    return blake2b(serves, digest_size=8).hexdigest()


def decode_deployment(encoded: bytes) -> Deployment:
    """Decode a deployment. What only later versions say is left out. Raises Undecodable."""
    told = _told(encoded, Deployment())
    return Deployment(**told | {"queues": _texts(told["queues"]), "handlers": _texts(told["handlers"])})


def decode_presence(encoded: bytes) -> Presence:
    """Decode what a worker says of itself. What only later versions say is left out. Raises Undecodable."""
    told = _told(encoded, Presence())
    return Presence(**told | {"running": _tasks(told["running"]), "window": _tasks(told["window"])})


def _told(encoded: bytes, usual: Deployment | Presence) -> dict[str, Any]:
    """The fields that were told, each of the type that it has by default."""
    told = asdict(usual)
    try:
        found = unpack(encoded)
        for name, default in told.items():
            value = found.get(name, default)
            kind = list if isinstance(default, tuple) and name in found else type(default)
            if type(value) is not kind:
                raise TypeError(f"{name} is a {type(value).__name__}")
            told[name] = value
    except Exception as error:
        raise Undecodable(f"not what a worker says of itself: {error}") from error
    return told


def _tasks(values: Sequence[Any]) -> tuple[ToldTask, ...]:
    """Those that are whole."""
    kinds = list(ToldTask.__annotations__.values())
    return tuple(ToldTask(*value) for value in values if isinstance(value, list) and list(map(type, value)) == kinds)


def _texts(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str))
