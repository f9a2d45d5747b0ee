"""A dead task as its shard has stored it, to be moved to another shard."""

import re
from typing import NamedTuple

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

    @property
    def unique_key(self) -> str:
        """The unique key that the task takes again if it is revived; empty if there is none."""
        found = _TAKEN_AGAIN.search(self.traits)
        return found[1].decode() if found else ""
