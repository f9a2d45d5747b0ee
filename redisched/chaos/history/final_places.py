"""Records, after a run, in which keys each task of a queue is."""

from collections.abc import Iterator, Sequence

from redisched.chaos.history.record import FinalPlaces, Found
from redisched.chaos.history.recorder import Recorder
from redisched.codec import DIGEST_BYTES, decode_outcome
from redisched.keys import Keys
from redisched.model import TaskState
from redisched.store.adding_shards import stores_of
from redisched.store.broker import Broker
from redisched.store.operation import Client, run
from redisched.store.shard import id_text

_SORTED_SETS = frozenset({"waiting", "leases", "dead", "finished"})
_NAMES = ("dead", "finished", "held", "leases", "outcomes", "tasks", "waiting")
_PAGE = 500


def record_final_places(broker: Broker, queue: str, recorder: Recorder) -> None:
    """Record for every task of a queue which keys contain its id.

    The queue must not change meanwhile, and no task may have been forgotten before.
    """
    client, tasks = broker.client(), 0
    for keys in [store.keys for store in run(stores_of(broker.script_runner, queue), client)]:
        for name in _NAMES:
            for ids in _pages(client, keys, name):
                for found in _find(client, queue, keys, ids, recorder.now_ms()):
                    # A task is in several keys. It is recorded when the first of them is read.
                    if found.places[0] == name:
                        recorder.write(found)
                        tasks += 1
    recorder.write(FinalPlaces(at_ms=recorder.now_ms(), queue=queue, tasks=tasks))


def _pages(client: Client, keys: Keys, name: str) -> Iterator[list[bytes]]:
    """Yield the ids in a key, some at a time."""
    scan, key, cursor = "ZSCAN" if name in _SORTED_SETS else "HSCAN", getattr(keys, name), b"0"
    while True:
        cursor, flat = client.perform((scan, key, cursor, "COUNT", _PAGE))
        if flat:
            yield list(dict.fromkeys(flat[::2]))
        if cursor == b"0":
            return


def _find(client: Client, queue: str, keys: Keys, ids: Sequence[bytes], now_ms: float) -> Iterator[Found]:
    """Yield for each of these tasks which keys of a shard contain it; each task is in at least one key."""
    commands = (("ZMSCORE" if name in _SORTED_SETS else "HMGET", getattr(keys, name), *ids) for name in _NAMES)
    columns = dict(zip(_NAMES, client.perform_all(commands), strict=True))
    for index, id in enumerate(ids):
        places = tuple(name for name in _NAMES if columns[name][index] is not None)
        kept = columns["outcomes"][index]
        ended = _state(kept) if kept is not None else TaskState.DEAD if "dead" in places else None
        yield Found(at_ms=now_ms, queue=queue, task=id_text(id), places=places, ended=ended)


def _state(kept: bytes) -> TaskState:
    """The state of an ended task, read from its stored outcome, 'token digest-and-outcome'."""
    return decode_outcome(kept.partition(b" ")[2][DIGEST_BYTES:]).state
