"""How busy the machine was, noted with every measurement: figures of a busy one mean less."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def noted_load() -> Iterator[dict[str, float]]:
    """The load average of the last minute before and, at the end, after what is done meanwhile."""
    load = {"before": os.getloadavg()[0]}
    yield load
    load["after"] = os.getloadavg()[0]
