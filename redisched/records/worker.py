"""A worker process as a record."""

from typing import Any

from redisched.store.presence import Deployment, PresentWorker


def worker_record(worker: PresentWorker, deployment: Deployment | None) -> dict[str, Any]:
    """Return what a worker says of itself, and what its deployment serves. None for what is not known of that. Times
    are the server's, in ms.
    """
    said, serves = worker.presence, deployment or Deployment()
    return {
        "name": worker.name,
        "host": said.host,
        "pid": said.pid,
        "state": said.state,
        "started_ms": worker.started_ms,
        "seen_ms": worker.seen_ms,
        "until_ms": worker.until_ms,
        "slots": said.slots,
        "busy": said.busy,
        "due": said.due,
        "ahead": said.ahead,
        "rss_bytes": said.rss_bytes or None,
        "running": [task._asdict() for task in said.running],
        "window": [task._asdict() for task in said.window],
        "version": serves.version or None,
        "app_version": serves.app_version or None,
        "format": serves.format or None,
        "codec": serves.codec or None,
        "queues": list(serves.queues),
        "handlers": list(serves.handlers),
        "more_queues": serves.more_queues,
        "more_handlers": serves.more_handlers,
    }
