"""How long enqueueing fails after a primary is killed, until a replica has been promoted.

Each measurement starts its own servers: with Sentinels that consider a primary down after 1.5 s, or a cluster whose
nodes do so after 2 s.
"""

import time
from collections.abc import Callable

from redisched.bench.figures import Figures
from redisched.bench.jobs import Jobs
from redisched.bench.percentile import p50_and_p99
from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.chaos import ClusterServers, Server, WatchedServers
from redisched.embedded import Persistence
from redisched.errors import BrokerUnavailable
from redisched.keys import keys_of

_QUEUE = "bench"
_TIMEOUT_S = 60.0
_PAUSE_S = 0.01


def measure_sentinel_failover(workbench: Workbench) -> Figures:
    """Milliseconds from the last task that the killed primary accepted to the first that its replica accepts."""
    with WatchedServers(persistence=Persistence.EVERYSEC) as servers:
        taken_ms = _fail_over(servers, lambda: servers.primary, workbench.scale.failovers)
    return {"sentinel_failover_ms": p50_and_p99(taken_ms)}


def measure_cluster_failover(workbench: Workbench) -> Figures:
    """The same on a cluster, for a queue whose node is killed."""
    key = keys_of(_QUEUE).waiting
    with ClusterServers(replicas=1, persistence=Persistence.EVERYSEC) as servers:
        taken_ms = _fail_over(servers, lambda: servers.primary_of(key), workbench.scale.failovers)
    return {"cluster_failover_ms": p50_and_p99(taken_ms)}


def _fail_over(servers: WatchedServers | ClusterServers, primary: Callable[[], Server], count: int) -> list[float]:
    """Kill the primary `count` times, each time after all servers have recovered. Returns the milliseconds of each."""
    jobs = Jobs(servers.url, _QUEUE)
    taken_ms = []
    for _ in range(count):
        victim = primary()
        _enqueue(jobs)
        began_s = time.monotonic()
        victim.kill()
        _enqueue(jobs)
        taken_ms.append((time.monotonic() - began_s) * 1e3)
        victim.start()
        servers.wait_until_whole()
    jobs.app.close()
    return taken_ms


def _enqueue(jobs: Jobs) -> None:
    """Enqueue a task, and retry while the broker is unavailable, for `_TIMEOUT_S` at most."""
    deadline_s = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < deadline_s:
        try:
            jobs.noop.enqueue(0)
        except BrokerUnavailable:
            time.sleep(_PAUSE_S)
        else:
            return
    raise MeasurementFailed(f"nothing could be enqueued for {_TIMEOUT_S:g} s")
