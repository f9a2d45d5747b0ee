"""Why ready tasks do not run, with how many tasks each reason holds back."""

from dataclasses import asdict
from functools import partial
from typing import Any

from redisched.errors import BrokerRefused
from redisched.explain.reading import UNKNOWN_WORKERS
from redisched.explain.ready import LOOKS, MOST_LOOKS, ReadyReasons, ready_reasons
from redisched.store.inspect import Inspector
from redisched.store.operation import Operation, ScriptRunner
from redisched.store.roster import LiveDeployments, Roster
from redisched.store.slot_use import SlotUse, read_slot_use
from redisched.web.endpoint import ApiCall, Endpoint
from redisched.web.reading.overview import MOST_QUEUES
from redisched.web.reading.tasks import QUEUE
from redisched.web.statuses import NOT_FOUND


async def list_ready_reasons(call: ApiCall) -> dict[str, Any]:
    """The reasons of all queues, or of one."""
    names = await call.redis.queues()
    if call.parameters["queue"] is not None:
        await call.redis.expect_queue(call.parameters["queue"])
        names = [call.parameters["queue"]]
    counted = names[:MOST_QUEUES]
    found = await call.redis.ask(partial(_reasons, call.redis.script_runner, counted))
    return {
        "now_ms": found.now_ms,
        "ready": found.ready,
        "looked_at": found.looked_at,
        "queues": len(names),
        "queues_counted": len(counted),
        "reasons": [asdict(one) for one in found.reasons],
    }


def _reasons(script_runner: ScriptRunner, names: list[str]) -> Operation[ReadyReasons]:
    now_ms = (yield from Inspector(script_runner, names[0] if names else "default").shard(0).counts()).now_ms
    live, slots = yield from _fleet(script_runner, now_ms)
    return (yield from ready_reasons(script_runner, names, now_ms, live, slots))


def _fleet(script_runner: ScriptRunner, now_ms: int) -> Operation[tuple[LiveDeployments, SlotUse]]:
    try:
        return (yield from Roster(script_runner).live(now_ms)), (yield from read_slot_use(script_runner))
    except BrokerRefused:
        # A user with few rights may read queues, and nothing of the workers.
        return UNKNOWN_WORKERS, SlotUse({}, is_complete=False)


ENDPOINTS = (
    Endpoint(
        path="/ready/reasons",
        summary="Why ready tasks do not run: each reason with its queue, how many tasks, and what to do.",
        description=(
            "A pause, or that no worker takes tasks, is counted exactly. Otherwise the first "
            f"{LOOKS} ready tasks of a shard are looked at, about {MOST_LOOKS:,} of all queues; the others are counted "
            "with those in line, and the counts are not exact. Tasks that were given back because no worker "
            "understands them are counted beside the ready ones."
        ),
        act=list_ready_reasons,
        answer="ReadyReasons",
        parameters=(QUEUE,),
        problems=NOT_FOUND,
    ),
)
