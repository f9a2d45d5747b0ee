"""Runs the phases that were asked for, on a private embedded server or on a Redis of the user's."""

import os
import platform
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from redisched.bench.backlog import measure_claim, measure_memory
from redisched.bench.draining import (
    measure_drain_async,
    measure_drain_sync,
    measure_drain_two_processes,
    measure_inversions,
    measure_redis_cpu,
)
from redisched.bench.enqueueing import measure_enqueue_async, measure_enqueue_many, measure_enqueue_one
from redisched.bench.floor import measure_floor
from redisched.bench.phase import Phase
from redisched.bench.punctuality import measure_lateness, measure_pickup
from redisched.bench.scale import Scale
from redisched.bench.workbench import Figures, Workbench
from redisched.embedded import PrivateServer
from redisched.store.broker import connect

_TIMEOUT_S = 30.0

PHASES: dict[Phase, Callable[[Workbench], Figures]] = {
    Phase.FLOOR: measure_floor,
    Phase.ENQUEUE_ONE: measure_enqueue_one,
    Phase.ENQUEUE_MANY: measure_enqueue_many,
    Phase.ENQUEUE_ASYNC: measure_enqueue_async,
    Phase.DRAIN_ASYNC: measure_drain_async,
    Phase.DRAIN_SYNC: measure_drain_sync,
    Phase.DRAIN_TWO_PROCESSES: measure_drain_two_processes,
    Phase.PICKUP: measure_pickup,
    Phase.LATENESS: measure_lateness,
    Phase.MEMORY: measure_memory,
    Phase.REDIS_CPU: measure_redis_cpu,
    Phase.INVERSIONS: measure_inversions,
    Phase.CLAIM: measure_claim,
}


def measure(
    url: str | None, scale: Scale, phases: Iterable[Phase], announce: Callable[[Phase], None]
) -> dict[str, Any]:
    """The figures of these phases, in their own order, and the machine they were measured on.

    `url` None means a private server, which is gone afterwards. `announce` is told which phase begins.
    Raises MeasurementFailed, BrokerError and ServerError.
    """
    wanted = set(phases)
    with ExitStack() as stack:
        place = url or stack.enter_context(PrivateServer()).url
        broker = connect(place, _TIMEOUT_S)
        stack.callback(broker.close)
        workbench = Workbench(url=place, broker=broker, scale=scale)
        figures: dict[str, Any] = {}
        for phase, measure_phase in PHASES.items():
            if phase in wanted:
                announce(phase)
                figures |= measure_phase(workbench)
        return {**figures, "machine": _machine(workbench)}


def _machine(workbench: Workbench) -> dict[str, Any]:
    facts = workbench.facts("server")
    version = facts.get("valkey_version")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "server": f"Valkey {version}" if version else f"Redis {facts['redis_version']}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
