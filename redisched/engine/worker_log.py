"""What a worker process logs about itself: at its start what it serves and where, at its end what it did."""

import logging
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version

from redisched.address import Address
from redisched.counted import counted
from redisched.engine.completion import Settlement
from redisched.engine.logs import log
from redisched.engine.worker_context import WorkerContext
from redisched.errors import BrokerError
from redisched.store.operation import AsyncClient
from redisched.store.values import Ack, Bury, Crash, FailedAttempt, Release, SnoozedTask

MOST_NAMES = 20
"""At most so many handlers are named; of the others, only the number is logged."""
# This reads a file, so it is done now: later the process may have no free descriptor.
_VERSION = version("redisched")
_PRODUCTS = ((b"valkey_version:", "Valkey"), (b"redis_version:", "Redis"))
_ENDS: Mapping[type[Settlement], str] = {
    Ack: "completed",
    FailedAttempt: "failed attempts",
    SnoozedTask: "snoozed",
    Bury: "dead",
    Crash: "lost with the process of their handler",
    Release: "given back",
}


async def log_start(
    context: WorkerContext, queues: Iterable[str], address: Address | None, client: AsyncClient
) -> None:
    """Log the worker's name, versions, queues, handlers and the server's address."""
    declared = context.registry.queues()
    unused = [queue for queue in context.worker_settings.queues if queue not in declared]
    if unused:
        log.warning(
            "queues %s: no handler declares them; there are %s. Only tasks that are sent to them by name are done",
            ", ".join(unused),
            ", ".join(declared) or "none",
        )
    if not log.isEnabledFor(logging.INFO):
        return
    names = sorted(entry.name for entry in context.registry)
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    log.info(
        "worker %s starts: redisched %s, Python %s, %s at %s; queues %s; %s: %s%s; %s at once",
        context.worker,
        _VERSION,
        platform.python_version(),
        await _server_version(client),
        address or "an unnamed place",
        ", ".join(queues),
        counted(len(names), "handler"),
        ", ".join(names[:MOST_NAMES]) or "none",
        more,
        counted(context.worker_settings.concurrency, "task"),
    )


def log_draining(worker: str, running: int) -> None:
    """Log that the worker claims nothing more, and how many tasks still run."""
    log.info("worker %s is draining: it claims nothing more; %s running", worker, counted(running, "task"))


def log_stopping(worker: str, running: int, grace_s: float) -> None:
    """Log that the worker stops, and how many tasks still run."""
    log.info("worker %s is stopping: %s running, with %g s to end", worker, counted(running, "task"), grace_s)


def log_stopped(worker: str, ends: Mapping[type[Settlement], int]) -> None:
    """Log how many tasks the worker has settled, by kind of settlement."""
    told = [f"{ends[kind]} {said}" for kind, said in _ENDS.items() if ends.get(kind)]
    log.info("worker %s has stopped: %s", worker, ", ".join(told) or "it had no tasks")


async def _server_version(client: AsyncClient) -> str:
    """The server's product and version, as far as it tells them."""
    try:
        reply = await client.perform(("INFO", "server"))
    except BrokerError:
        return "a server of unknown version"
    if isinstance(reply, bytes):
        for field, product in _PRODUCTS:
            for line in reply.splitlines():
                if line.startswith(field):
                    return f"{product} {line.removeprefix(field).decode(errors='replace')}"
    return "a server of unknown version"
