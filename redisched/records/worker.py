"""A worker as a record."""

from typing import Any

from redisched.store.presence import Deployment, PresentWorker


def worker_record(worker: PresentWorker, deployment: Deployment | None) -> dict[str, Any]:
    """Return what a worker says of itself, and what its deployment serves. None for what is not known of that."""
    said, serves = worker.presence, deployment or Deployment()
    return {
        "name": worker.name,
        "host": said.host,
        "pid": said.pid,
        "slots": said.slots,
        "started_ms": worker.started_ms,
        "until_ms": worker.until_ms,
        "version": serves.version or None,
        "app_version": serves.app_version or None,
        "format": serves.format or None,
        "codec": serves.codec or None,
        "queues": list(serves.queues),
        "handlers": list(serves.handlers),
        "more_queues": serves.more_queues,
        "more_handlers": serves.more_handlers,
    }
