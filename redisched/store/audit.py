"""The audit: who did what to tasks, queues and schedules by way of the API, newest first, capped by its length.

Each entry is readable with any client of Redis: XREVRANGE redisched:audit + - COUNT 10.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import NamedTuple

from redisched.errors import InvalidOption
from redisched.keys import audit_key
from redisched.store.operation import Argument, Operation, ScriptRunner

KEPT = 10_000
"""About so many entries are kept."""
_PLACE = re.compile(r"[1-9][0-9]{0,15}-[0-9]{1,16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """What was done, or left undone. `event` is committed, undone, done, failed or interrupted; all entries of one
    action have the same `action_id`. `target` says which tasks, queue or schedules, as JSON, and so do `arguments`;
    `count` is how many it was about when it was asked for, and `outcomes` what became of how many, as JSON.
    """

    event: str
    action_id: str
    action: str
    who: str
    role: str
    address: str
    target: str
    arguments: str = "{}"
    count: str = "0"
    outcomes: str = "{}"
    error: str = ""


class FoundEntry(NamedTuple):
    """An entry, its place and the time (server ms) at which it was written."""

    place: str
    at_ms: int
    entry: AuditEntry


class AuditPage(NamedTuple):
    """Some entries, newest first. `next` is the place after which the next page begins, None at the end."""

    entries: tuple[FoundEntry, ...]
    next: str | None


def note(script_runner: ScriptRunner, entry: AuditEntry) -> Operation[None]:
    """Write an entry; the oldest ones are dropped."""
    values: list[Argument] = [part for pair in asdict(entry).items() for part in pair]
    yield ("XADD", audit_key(script_runner.prefix), "MAXLEN", "~", KEPT, "*", *values)


def read_audit(script_runner: ScriptRunner, after: str | None, limit: int) -> Operation[AuditPage]:
    """A page of the audit, after a place. What no version of redisched has written is left out."""
    last = "+" if after is None else f"({check_audit_place('after', after)}"
    rows = yield ("XREVRANGE", audit_key(script_runner.prefix), last, "-", "COUNT", limit + 1)
    shown = rows[:limit]
    found = tuple(entry for row in shown if (entry := _entry_of(row)) is not None)
    return AuditPage(found, shown[-1][0].decode() if len(rows) > limit else None)


def check_audit_place(option: str, text: str) -> str:
    """Check the place of an entry. Raises InvalidOption."""
    if _PLACE.fullmatch(text) is None:
        raise InvalidOption(option, text, "the next of the page before")
    return text


def _entry_of(row: tuple[bytes, list[bytes] | Mapping[bytes, bytes]]) -> FoundEntry | None:
    place, said = row
    pairs = said.items() if isinstance(said, Mapping) else zip(said[::2], said[1::2], strict=True)
    told = {name.decode(errors="replace"): value.decode(errors="replace") for name, value in pairs}
    known = {field.name: told[field.name] for field in fields(AuditEntry) if field.name in told}
    try:
        entry = AuditEntry(**known)
    except TypeError:
        return None
    return FoundEntry(place.decode(), int(place.partition(b"-")[0]), entry)
