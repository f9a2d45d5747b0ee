"""A dead task as its shard has stored it, to be moved to another shard."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from redisched.keys import Keys
from redisched.store.operation import Operation
from redisched.store.shard import id_bytes

_TAKEN_AGAIN = re.compile(rb"(?:^| )unique=([0-9a-f]+) (?:started|done) ")


class DeadTask(NamedTuple):
    """A dead task with all that its shard has stored of it, each part empty if there is none. `died_ms` is server
    time.
    """

    id: str
    died_ms: int
    record: bytes
    tries: bytes
    failures: bytes
    traits: bytes
    checkpoint: bytes
    report: bytes = b""

    @property
    def unique_key(self) -> str:
        """The unique key that the task takes again if it is revived; empty if there is none."""
        found = _TAKEN_AGAIN.search(self.traits)
        return found[1].decode() if found else ""


def read_dead(keys: Keys, ids: Sequence[str]) -> Operation[list[DeadTask]]:
    """Return those of the tasks that are dead in a shard, with all that is stored of them."""
    given = list(map(id_bytes, ids))
    columns: list[list[bytes | None]] = []
    for key in (keys.tasks, keys.tries, keys.failures, keys.traits, keys.checkpoints, keys.reports):
        columns += [(yield ("HMGET", key, *given))]
    # Asked last: what was read before is that of a dead task, which does not change.
    died = yield ("ZMSCORE", keys.dead, *given)
    rows = zip(ids, died, *columns, strict=True)
    return [DeadTask(id, int(at), *(part or b"" for part in parts)) for id, at, *parts in rows if at is not None]
