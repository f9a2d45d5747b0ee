"""What each step of a task's way costs: in the processes of redisched by their profiles, in Redis by its own count.

A profiler makes everything slower, short functions most. So only the shares are taken from it; what they are shares of
is the time per task as it is without a profiler, measured in the same run.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from docs.performance.curves import workbench
from redisched.bench.figures import find
from redisched.bench.phase import Phase
from redisched.bench.profiles import Function
from redisched.bench.rounds import typical_figures
from redisched.bench.scale import Scale
from redisched.bench.session import Plan, measure, profile
from redisched.bench.workbench import Workbench
from redisched.codec import DIGEST_BYTES
from redisched.config import WorkerSettings
from redisched.store.values import Ack, ClaimRequest

STEPS = (
    ("making the request: options, id, reference", ("redisched/client/", "redisched/registry", "redisched/model")),
    ("packing and unpacking", ("redisched/codec", "<built-in method msgpack", "<method 'pack' of 'msgpack")),
    ("calls and replies of the store", ("redisched/store/",)),
    ("the client of Redis", ("redis/", "hiredis", "<built-in method hiredis", "<method 'gets'", "<method 'feed'")),
    ("sockets, and waiting for Redis", ("<method 'recv", "<method 'send", "<method 'poll'", "asyncio/selector")),
    ("claiming: claimer, window, clock", ("redisched/engine/claiming/", "redisched/engine/window", "redisched/clock")),
    ("claiming: claimer, window, clock", ("redisched/engine/start_rate", "redisched/engine/leased_task")),
    (
        "handing to threads and back",
        ("redisched/engine/threads", "<method 'put' of '_queue", "<method 'get' of '_queue"),
    ),
    (
        "the executor and the handler",
        ("redisched/engine/executor", "redisched/engine/slot", "redisched/engine/attempt"),
    ),
    ("the executor and the handler", ("redisched/bench/jobs", "redisched/context")),
    ("the outcome: completion, settler", ("redisched/engine/completion", "redisched/engine/settler")),
    ("the event loop", ("asyncio/", "<method 'run' of '_contextvars", "<built-in method _asyncio", "selectors.py")),
)
"""A step, and how the names of its functions begin; the first that fits counts."""
ELSEWHERE = "Python's own functions, called by all of these"
PHASES = {
    Phase.ENQUEUE_MANY: "enqueue_many_per_s",
    Phase.DRAIN_ASYNC: "drain_async_per_s",
    Phase.DRAIN_SYNC: "drain_sync_per_s",
}
EDGES = ("enqueue", "claim", "ack")
_BATCHES = (1, 100)


def shares(functions: Sequence[Function]) -> dict[str, float]:
    """The share of each step in the own time of all functions, the largest first."""
    spent_s: dict[str, float] = {}
    for function in functions:
        step = step_of(function.name)
        spent_s[step] = spent_s.get(step, 0.0) + function.own_s
    total_s = sum(spent_s.values()) or 1.0
    return {step: spent_s[step] / total_s for step in sorted(spent_s, key=spent_s.__getitem__, reverse=True)}


def step_of(name: str) -> str:
    """The step to which a function in a profile belongs."""
    return next((step for step, beginnings in STEPS if name.startswith(beginnings)), ELSEWHERE)


def measure_steps(scale: Scale, rounds: int) -> dict[str, Any]:
    """Microseconds of each step per task: of producing, of a drain with async and with sync handlers, and in Redis."""
    results = measure(None, Plan(phases=frozenset({Phase.FLOOR, *PHASES}), rounds=rounds, scale=scale), _silent)
    figures = typical_figures(results.all_rounds)
    ways: dict[str, dict[str, float]] = {}
    for phase, path in PHASES.items():
        (process,) = profile(None, Plan(phases=frozenset({phase}), rounds=1, scale=scale), _silent).processes
        whole_us = 1e6 / (find(path, figures) or 1.0)
        ways[phase] = {step: share * whole_us for step, share in shares(process.functions).items()}
    return {
        "ways": ways,
        "redis": {str(batch): _edges_us(scale.tasks, batch) for batch in _BATCHES},
        "floor": figures["floor"],
        "machine": asdict(results.machine),
        "rounds": rounds,
    }


def _edges_us(tasks: int, batch: int) -> dict[str, float]:
    """Microseconds that Redis spends in the script of each edge, per task, with batches of this size."""
    calls = min(tasks // batch, 1_000)
    with workbench() as bench, bench.jobs() as jobs:
        store = bench.store(jobs.queue)
        requests = [jobs.noop.request(index).task for index in range(calls * batch)]
        began_us = _scripts_us(bench)
        for first in range(0, len(requests), batch):
            bench.run(store.enqueue(requests[first : first + batch]))
        enqueued_us = _scripts_us(bench)
        leases = [lease for number in range(calls) for lease in bench.run(store.claim(_request(number, batch))).leases]
        claimed_us = _scripts_us(bench)
        acks = [Ack(lease.id, lease.token, 600_000, lease.record[:DIGEST_BYTES]) for lease in leases]
        for first in range(0, len(acks), batch):
            bench.run(store.ack(acks[first : first + batch]))
        acked_us = _scripts_us(bench)
    moments_us = (began_us, enqueued_us, claimed_us, acked_us)
    spans = zip(EDGES, moments_us, moments_us[1:], strict=False)
    return {edge: (after - before) / len(requests) for edge, before, after in spans}


def _request(number: int, batch: int) -> ClaimRequest:
    settings = WorkerSettings()
    return ClaimRequest(
        worker="bench",
        nonce=str(number),
        limit=batch,
        ahead_ms=round(settings.window_ms),
        ahead_limit=0,
        lease_ms=round(settings.lease_s * 1e3),
    )


def _scripts_us(bench: Workbench) -> int:
    """What Redis has spent in scripts so far."""
    calls = bench.facts("commandstats").get("cmdstat_evalsha", "usec=0")
    return int(dict(part.split("=") for part in calls.split(","))["usec"])


def _silent(_what: str) -> None:
    pass
