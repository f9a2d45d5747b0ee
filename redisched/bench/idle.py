"""How many commands idle workers send, and how many workers one enqueue wakes.

Each is a real worker with its own connections, but a few processes run them all, because a hundred processes would not
fit on a small machine. Their commands are read with MONITOR from a private server. It listens on TCP, so that the
address of a connection shows which worker sent a command.
"""

import random
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from redisched.bench.connections import connections, named, wait_idle
from redisched.bench.figures import Figures
from redisched.bench.fleet import MeasuredWorker, WorkerSpec, fleet, next_start_of_any, spec_of
from redisched.bench.jobs import Jobs
from redisched.bench.watching import Sent, watched
from redisched.bench.workbench import Workbench
from redisched.embedded import PrivateServer
from redisched.embedded.private import Transport
from redisched.store.broker import connect

PROCESSES = 4
WAKING_S = 0.01
"""Within this time after an enqueue, the workers that it woke have claimed."""
_PAUSE_S = 0.03
_SETTLING_S = 1.0
_TIMEOUT_S = 30.0


def measure_idle(workbench: Workbench) -> Figures:
    """Commands per second of an idle worker (mean and maximum), its most connections, and workers woken per enqueue."""
    with PrivateServer(transport=Transport.LOOPBACK) as server, closing(connect(server.url, _TIMEOUT_S)) as broker:
        return {"idle": _measure(replace(workbench, url=server.url, broker=broker))}


def _measure(workbench: Workbench) -> dict[str, float]:
    scale = workbench.scale
    names = [f"redisched-bench-{number}" for number in range(scale.idle_workers)]
    with workbench.jobs() as jobs, fleet(_specs(workbench, jobs, names)) as workers:
        for worker in workers:
            worker.go()
        wait_idle(workbench, names, len(names))
        # The worker that started last is still busy with its start.
        time.sleep(_SETTLING_S)
        with watched(workbench.url) as sent:
            time.sleep(scale.idle_s)
        with watched(workbench.url) as sent_when_woken:
            _wake(jobs, workers, scale.enqueued_while_idle)
        listed = connections(workbench, names)
    owners = {connection.address: connection.name for connection in listed}
    of_each = commands_of_each(sent, owners, names)
    return {
        "commands_per_s": sum(of_each) / len(names) / scale.idle_s,
        "commands_per_s_most": max(of_each) / scale.idle_s,
        "connections_most": max(Counter(owners.values()).values()),
        "woken": woken(sent_when_woken, owners, WAKING_S),
    }


def _specs(workbench: Workbench, jobs: Jobs, names: Sequence[str]) -> list[WorkerSpec]:
    shares = [names[first::PROCESSES] for first in range(PROCESSES)]
    spec = spec_of(workbench, jobs)
    return [replace(spec, urls=tuple(named(workbench.url, name) for name in share)) for share in shares if share]


def _wake(jobs: Jobs, workers: Sequence[MeasuredWorker], times: int) -> None:
    chance = random.Random(1)
    for index in range(times):
        jobs.rec.enqueue(index)
        next_start_of_any(workers)
        # Wait until the woken worker is idle again; the random part avoids the rhythm of the workers' timers.
        time.sleep(_PAUSE_S * (1 + chance.random()))


def commands_of_each(sent: Sequence[Sent], owners: Mapping[str, str], names: Collection[str]) -> list[int]:
    """How many commands each worker sent, including 0 for workers that sent none."""
    counts = Counter(owners.get(command.address) for command in sent)
    return [counts[name] for name in names]


def woken(sent: Sequence[Sent], owners: Mapping[str, str], within_s: float) -> float:
    """How many workers send commands because of one enqueue, on average.

    Some workers send commands at that time anyway. Their number is estimated from the period before, and subtracted.
    """
    enqueued_s = [command.at_s for command in sent if command.address not in owners and _is_script(command)]
    after = before = 0
    for moment_s in enqueued_s:
        after += len(_active(sent, owners, moment_s, moment_s + within_s))
        before += len(_active(sent, owners, moment_s - within_s, moment_s))
    return (after - before) / len(enqueued_s) if enqueued_s else 0.0


def _active(sent: Sequence[Sent], owners: Mapping[str, str], from_s: float, until_s: float) -> set[str]:
    """The workers that sent a command within a period."""
    return {
        owners[command.address] for command in sent if command.address in owners and from_s <= command.at_s < until_s
    }


def _is_script(command: Sent) -> bool:
    return command.command.upper().startswith("EVAL")
