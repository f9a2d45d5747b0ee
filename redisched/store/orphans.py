"""Finds the tasks that a dead worker process still has leased. Entries that cannot be read are left to the scrubber."""

import re

from redisched.store.operation import Operation
from redisched.store.shard import id_text
from redisched.store.store import Store

_PAGE = 1_000
_HOLDER = re.compile(rb"(\d{1,16}) \d+ \d+ (.*)", re.DOTALL)


def held_by(store: Store, worker: str) -> Operation[list[tuple[str, int]]]:
    """Id and token of every task of a shard that a worker has leased. They are read in pages."""
    found: list[tuple[str, int]] = []
    cursor = b"0"
    while True:
        cursor, fields = yield ("HSCAN", store.keys.held, cursor, "COUNT", _PAGE)
        pairs = fields.items() if isinstance(fields, dict) else zip(fields[::2], fields[1::2], strict=True)
        for task_id, holder in pairs:
            parts = _HOLDER.fullmatch(holder)
            if parts and parts[2].decode(errors="backslashreplace") == worker:
                found.append((id_text(task_id), int(parts[1])))
        if int(cursor) == 0:
            return found
