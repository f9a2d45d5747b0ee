"""How much time Redis spends to enqueue one task, compared with a minimal script.

The minimal script also uses the server's clock and can also be repeated safely.
"""

import secrets

from redisched.bench.figures import Figures
from redisched.bench.workbench import Workbench
from redisched.store.store import Store

LEAST = """
local now = redis.call('TIME')
local score = ARGV[2] * 4398046511104 + math.floor((now[1] * 1000000 + now[2]) / 1000)
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 0 and redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[3]) == 1 then
  redis.call('ZADD', KEYS[1], score, ARGV[1])
  if redis.call('LLEN', KEYS[4]) == 0 then
    redis.call('RPUSH', KEYS[4], '1')
  end
end
return 1
"""
_ROUNDS = 5
_PRIORITY = 50
_RECORD = b"12345678\x92\xa4noop\x91\xcd\x03\xe8"


def measure_enqueue_cost(workbench: Workbench) -> Figures:
    """Microseconds of Redis time per call that enqueues one task, and per call of the minimal script, in turns."""
    per_round = -(-workbench.scale.enqueued_one_by_one // _ROUNDS)
    ours_us = least_us = 0.0
    with workbench.jobs() as jobs:
        store = workbench.store(jobs.queue)
        digest = workbench.command("SCRIPT", "LOAD", LEAST)
        assert isinstance(digest, bytes)
        jobs.noop.enqueue(0)
        for _ in range(_ROUNDS):
            began_us = _spent_us(workbench)
            for index in range(per_round):
                jobs.noop.enqueue(index)
            ours_done_us = _spent_us(workbench)
            _enqueue_least(workbench, store, digest, per_round)
            least_done_us = _spent_us(workbench)
            ours_us += ours_done_us - began_us
            least_us += least_done_us - ours_done_us
    calls = _ROUNDS * per_round
    return {"enqueue_us": ours_us / calls, "enqueue_least_us": least_us / calls}


def _enqueue_least(workbench: Workbench, store: Store, digest: bytes, tasks: int) -> None:
    keys = store.keys
    call = ("EVALSHA", digest, 4, keys.waiting, keys.tasks, keys.outcomes, keys.wake)
    run = secrets.token_hex(6)
    for index in range(tasks):
        workbench.command(*call, f"{run}{index:08}", _PRIORITY, _RECORD)


def _spent_us(workbench: Workbench) -> int:
    """Microseconds that script calls have taken so far on all nodes together, as the servers count them."""
    facts = (facts.get("cmdstat_evalsha", "") for facts in workbench.facts_of_nodes("commandstats"))
    fields = (dict(part.split("=") for part in fact.split(",")) for fact in facts if fact)
    return sum(int(field["usec"]) for field in fields)
