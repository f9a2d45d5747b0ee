"""How figures of `redisched bench` change with the backlog, the processes, the shards, and the way to Redis."""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

from redisched.bench.backlog import measure_claim, measure_memory
from redisched.bench.draining import drain_per_s, measure_drain_async
from redisched.bench.figures import Figures
from redisched.bench.percentile import percentile
from redisched.bench.phase import Phase
from redisched.bench.rounds import typical_figures
from redisched.bench.scale import Scale
from redisched.bench.session import Plan, measure
from redisched.bench.workbench import Workbench
from redisched.chaos.fault import Action, Fault, Message, Pace
from redisched.chaos.proxy import Proxy
from redisched.embedded import PrivateServer
from redisched.embedded.private import Transport
from redisched.store.broker import connect

ROUND_TRIPS_MS = (0.1, 1.0, 5.0)
"""What the proxy adds to a round trip, half of it each way."""
_FAR_PHASES = frozenset(
    {
        Phase.ENQUEUE_ONE,
        Phase.ENQUEUE_MANY,
        Phase.ENQUEUE_ASYNC,
        Phase.DRAIN_ASYNC,
        Phase.DRAIN_SYNC,
        Phase.PICKUP,
        Phase.LATENESS,
    }
)
NODES = (1, 3)
SHARDS = (1, 3, 12)
_SHARD_PHASES = frozenset({Phase.ENQUEUE_MANY, Phase.DRAIN_ASYNC, Phase.REDIS_CPU, Phase.PICKUP, Phase.URGENT})
_TIMEOUT_S = 30.0
_LOOKS = 200


def measure_backlog(scale: Scale, rounds: int) -> dict[str, Any]:
    """Claiming one task, memory and the drain of a whole backlog, from a thousandth of a large backlog up to it."""
    sizes = [max(10, scale.large_backlog // divisor) for divisor in (1_000, 100, 10, 1)]
    found: dict[int, list[Figures]] = {size: [] for size in sizes}
    with workbench() as bench:
        for _ in range(rounds):
            for size in sizes:
                sized = replace(bench, scale=replace(scale, tasks=size, small_backlog=size, large_backlog=size))
                figures = _settled(measure_claim, sized) | _settled(measure_memory, sized)
                found[size].append(figures | _settled(measure_drain_async, sized))
    return {"points": [{"waiting": size, **_typical_of(size, found[size])} for size in sizes], **_floor(scale, rounds)}


def measure_processes(scale: Scale, rounds: int) -> dict[str, Any]:
    """Tasks per second through one to four worker processes."""
    counts = (1, 2, 3, 4)
    found: dict[int, list[Figures]] = {count: [] for count in counts}
    with workbench() as bench:
        sized = replace(bench, scale=scale)
        for _ in range(rounds):
            for count in counts:
                sized.settle()
                with sized.jobs() as jobs:
                    found[count].append({"drain_per_s": drain_per_s(sized, jobs, jobs.noop, count)})
    points = [{"processes": count, **typical_figures(found[count])} for count in counts]
    return {"points": points, **_floor(scale, rounds)}


def measure_shards(scale: Scale, rounds: int) -> dict[str, Any]:
    """The figures of the bench for queues of one, three and twelve shards, on one server and on three nodes, in turns.

    What idle workers cost is measured once, on one server.
    """
    scales = [replace(scale, nodes=nodes, shards=shards) for nodes in NODES for shards in SHARDS]
    found: dict[Scale, list[Figures]] = {of_one: [] for of_one in scales}
    for number in range(rounds):
        for of_one, figures in found.items():
            idle = {Phase.IDLE} if number == 0 and of_one.nodes == 1 else set()
            plan = Plan(phases=_SHARD_PHASES | idle, rounds=1, scale=of_one)
            figures.extend(measure(None, plan, lambda _what: None).all_rounds)
    points = [
        {"nodes": of_one.nodes, "shards": of_one.shards, **typical_figures(figures)}
        for of_one, figures in found.items()
    ]
    return {"points": points, **_floor(scale, rounds)}


def measure_latency(scale: Scale, rounds: int) -> dict[str, Any]:
    """The figures of the bench through a proxy that holds every message back, beside those without one."""
    points = []
    with PrivateServer(transport=Transport.LOOPBACK) as server:
        plan = Plan(phases=_FAR_PHASES, rounds=rounds, scale=scale)
        points.append({"added_ms": None, **_far(server.url, plan)})
        for added_ms in (0.0, *ROUND_TRIPS_MS):
            with _proxy(server.url, added_ms) as url:
                points.append({"added_ms": added_ms, **_far(url, plan)})
    return {"points": points, **_floor(scale, rounds)}


@contextmanager
def workbench() -> Iterator[Workbench]:
    """A private server to measure on."""
    with PrivateServer() as server, closing(connect(server.url, _TIMEOUT_S)) as broker:
        yield Workbench(url=server.url, broker=broker, scale=Scale())


def _floor(scale: Scale, rounds: int) -> dict[str, Any]:
    results = measure(None, Plan(phases=frozenset({Phase.FLOOR}), rounds=rounds, scale=scale), lambda _what: None)
    return {**typical_figures(results.all_rounds), "machine": asdict(results.machine), "rounds": rounds}


def _far(url: str, plan: Plan) -> dict[str, Any]:
    """The round trip as it really is, with what the proxy itself takes, and the figures over it."""
    with closing(connect(url, _TIMEOUT_S)) as broker:
        bench = Workbench(url=url, broker=broker, scale=plan.scale)
        taken_ms = []
        for _ in range(_LOOKS):
            began_s = time.perf_counter()
            bench.command("PING")
            taken_ms.append((time.perf_counter() - began_s) * 1e3)
    results = measure(url, plan, lambda _what: None)
    return {"round_trip_ms": percentile(taken_ms, 50), **typical_figures(results.all_rounds)}


@contextmanager
def _proxy(upstream: str, added_ms: float) -> Iterator[str]:
    """The URL of a proxy in a process of its own, so that it takes no time from those that are measured."""
    context = multiprocessing.get_context("spawn")
    line, theirs = context.Pipe()
    process = context.Process(target=_serve_proxy, args=(theirs, upstream, added_ms), daemon=True)
    process.start()
    theirs.close()
    try:
        yield line.recv_bytes().decode()
    finally:
        line.close()
        process.join()


def _serve_proxy(line: Connection, upstream: str, added_ms: float) -> None:
    pace = Pace(delay_s=added_ms / 2e3)
    with Proxy(upstream) as proxy:
        if added_ms:
            proxy.set(*(Fault(message=message, action=Action.PASS, pace=pace) for message in Message))
        line.send_bytes(proxy.url.encode())
        line.poll(None)


def _settled(measurement: Any, bench: Workbench) -> Figures:
    bench.settle()
    figures: Figures = measurement(bench)
    return figures


def _typical_of(size: int, rounds: Sequence[Figures]) -> dict[str, float]:
    """The figures of a backlog of one size. The claim is measured twice in each round."""
    claims_us = [figures["claim_us"] for figures in rounds]
    return {
        "claim_us": median(found[str(size)] for found in claims_us if isinstance(found, dict)),
        "bytes_per_task": median(found for figures in rounds if isinstance(found := figures["bytes_per_task"], float)),
        "drain_per_s": median(found for figures in rounds if isinstance(found := figures["drain_async_per_s"], float)),
    }
