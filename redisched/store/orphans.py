"""Finds what a dead worker process still holds."""

from redisched.store.operation import Operation
from redisched.store.store import Store, id_text

_PAGE = 1_000


def held_by(store: Store, worker: str) -> Operation[list[tuple[str, int]]]:
    """Id and token of every task of a queue that a worker holds, read in pages."""
    found: list[tuple[str, int]] = []
    cursor = b"0"
    while True:
        cursor, fields = yield ("HSCAN", store.keys.held, cursor, "COUNT", _PAGE)
        pairs = fields.items() if isinstance(fields, dict) else zip(fields[::2], fields[1::2], strict=True)
        for task_id, holder in pairs:
            token, _, _, holding = holder.decode(errors="backslashreplace").split(" ", 3)
            if holding == worker:
                found.append((id_text(task_id), int(token)))
        if int(cursor) == 0:
            return found
