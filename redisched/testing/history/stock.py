"""Takes stock after a run: in which keys each task of a queue stands."""

from collections import defaultdict

from redisched.codec import DIGEST_BYTES, decode_outcome
from redisched.keys import keys_of
from redisched.model import TaskState
from redisched.store.broker import Broker
from redisched.store.store import id_text
from redisched.testing.history.record import Found, StockTaken
from redisched.testing.history.recorder import Recorder

_SORTED_SETS = ("waiting", "leases", "dead", "finished")
_HASHES = ("tasks", "held", "outcomes")


def take_stock(broker: Broker, queue: str, recorder: Recorder) -> None:
    """Write down where every task of a queue stands. Nothing may change meanwhile, nor have been forgotten before."""
    perform, keys = broker.client().perform, keys_of(queue)
    places: dict[str, list[str]] = defaultdict(list)
    for name in sorted((*_SORTED_SETS, *_HASHES)):
        key = getattr(keys, name)
        for id in perform(("HKEYS", key) if name in _HASHES else ("ZRANGE", key, 0, -1)):
            places[id_text(id)].append(name)
    flat = perform(("HGETALL", keys.outcomes))
    ended = {id_text(id): _state(kept) for id, kept in zip(flat[::2], flat[1::2], strict=True)}
    ended |= {task: TaskState.DEAD for task, found in places.items() if "dead" in found}
    now_ms = recorder.now_ms()
    for task, found in places.items():
        recorder.write(Found(at_ms=now_ms, queue=queue, task=task, places=tuple(found), ended=ended.get(task)))
    recorder.write(StockTaken(at_ms=now_ms, queue=queue, tasks=len(places)))


def _state(kept: bytes) -> TaskState:
    """How a task ended, from 'token digest-and-outcome'."""
    return decode_outcome(kept.partition(b" ")[2][DIGEST_BYTES:]).state
