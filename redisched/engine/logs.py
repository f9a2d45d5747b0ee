"""The log of workers, and how their processes write it."""

import logging

log = logging.getLogger("redisched.worker")


def log_to_stderr(level: int) -> None:
    """Log from a level on, and tell the processes of a worker apart."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(process)d: %(message)s")
