"""The floor: how many tasks per second minimal Lua scripts reach on this machine, from one blocking client.

A priority queue with leases needs at least these writes. So the ratio of a figure to the floor shows what redisched
spends in addition.
"""

import time
from hashlib import sha1

from redisched.bench.figures import Figures
from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.keys import Keys

BATCH = 100

ENQUEUE = """
for index = 1, #ARGV, 3 do
  redis.call('HSET', KEYS[2], ARGV[index], ARGV[index + 2])
  redis.call('ZADD', KEYS[1], ARGV[index + 1], ARGV[index])
end
return #ARGV / 3
"""

CLAIM = """
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '+inf', 'LIMIT', 0, ARGV[1])
if #ids == 0 then
  return {{}, {}}
end
redis.call('ZREM', KEYS[1], unpack(ids))
local leases, holders = {}, {}
for index = 1, #ids do
  leases[index * 2 - 1], leases[index * 2] = ARGV[2], ids[index]
  holders[index * 2 - 1], holders[index * 2] = ids[index], ARGV[3]
end
redis.call('ZADD', KEYS[3], unpack(leases))
redis.call('HSET', KEYS[4], unpack(holders))
return {ids, redis.call('HMGET', KEYS[2], unpack(ids))}
"""

ACK = """
redis.call('ZREM', KEYS[3], unpack(ARGV))
redis.call('HDEL', KEYS[4], unpack(ARGV))
return redis.call('HDEL', KEYS[2], unpack(ARGV))
"""

_RECORD = b"\x92\xa3rec\x91\xcd\x03\xe8"


def measure_floor(workbench: Workbench) -> Figures:
    """Tasks per second that are enqueued, and tasks per second that are claimed and acked, by minimal scripts."""
    with workbench.jobs() as jobs:
        keys = workbench.store(jobs.queue).keys
        return {
            "floor": {
                "enqueue_per_s": _enqueue_per_s(workbench, keys),
                "claim_ack_per_s": _claim_ack_per_s(workbench, keys),
            }
        }


def _enqueue_per_s(workbench: Workbench, keys: Keys) -> float:
    enqueue = _call(workbench, keys, ENQUEUE)
    tasks = [(f"{index:024}", index, _RECORD) for index in range(workbench.scale.tasks)]
    batches = [tasks[first : first + BATCH] for first in range(0, len(tasks), BATCH)]
    calls = [(*enqueue, *(part for task in batch for part in task)) for batch in batches]
    began_s = time.perf_counter()
    for call in calls:
        workbench.command(*call)
    return len(tasks) / (time.perf_counter() - began_s)


def _claim_ack_per_s(workbench: Workbench, keys: Keys) -> float:
    claim, ack = _call(workbench, keys, CLAIM), _call(workbench, keys, ACK)
    ended = 0
    began_s = time.perf_counter()
    while ended < workbench.scale.tasks:
        reply = workbench.command(*claim, BATCH, "30000", "token score worker")
        if not isinstance(reply, list) or not reply[0]:
            raise MeasurementFailed("the floor's queue was emptied by somebody else")
        workbench.command(*ack, *reply[0])
        ended += len(reply[0])
    return ended / (time.perf_counter() - began_s)


def _call(workbench: Workbench, keys: Keys, script: str) -> tuple[str, str, int, str, str, str, str]:
    workbench.command("SCRIPT", "LOAD", script)
    digest = sha1(script.encode(), usedforsecurity=False).hexdigest()
    return "EVALSHA", digest, 4, keys.waiting, keys.tasks, keys.leases, keys.held
