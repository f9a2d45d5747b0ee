"""What all workers did, by the minute and by the hour: adds what one of them did, and reads it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeAlias

from redisched.activity import Activity
from redisched.errors import Undecodable
from redisched.keys import span_key
from redisched.store.operation import Command, Operation, Pipeline, ScriptRunner
from redisched.store.scripts import load_script
from redisched.store.shard import check_format, id_text


class ActivityKey(NamedTuple):
    """Whose numbers these are. `handler` is empty for what is about no handler, and for handlers beyond the limit; so
    is `queue` for queues beyond it.
    """

    queue: str
    handler: str


Rows: TypeAlias = Mapping[ActivityKey, Activity]
_TALLIED = "tallied"


class Batch(NamedTuple):
    """What one worker process did. `number` numbers its batches from 1, and `since_ms` is the server's time at which
    this one was first sent: in this minute it is counted, however late that is.
    """

    number: int
    since_ms: int
    rows: Rows


@dataclass(frozen=True, slots=True)
class _Length:
    name: str
    ms: int
    kept: int


class Span(Enum):
    """In which parts time is counted: minutes for a day, and hours for a month."""

    MINUTE = _Length("minute", 60_000, 24 * 60)
    HOUR = _Length("hour", 3_600_000, 30 * 24)

    @property
    def ms(self) -> int:
        """How long one is."""
        return self.value.ms

    @property
    def kept(self) -> int:
        """How many are kept."""
        return self.value.kept

    def number_at(self, moment_ms: float) -> int:
        """Which one a moment is in."""
        return int(moment_ms // self.ms)

    def key(self, number: int, prefix: str) -> str:
        """The key of one."""
        return span_key(self.value.name, number, prefix)


class Tallies:
    """The minutes and hours of one prefix. Methods return operations, to be run blocking or under asyncio."""

    def __init__(self, script_runner: ScriptRunner) -> None:
        self._script_runner = script_runner

    def add(self, worker: str, batch: Batch) -> Operation[bool]:
        """Add what a worker process did; a repeated call adds nothing. Answers False for a batch that is older than an
        hour, of which nobody knows whether it was added: it is left out.
        """
        prefix, keys = self._script_runner.prefix, self._script_runner.fleet_keys
        spans = {span.value.name: span.key(span.number_at(batch.since_ms), prefix) for span in Span}
        spans[_TALLIED] = span_key(_TALLIED, Span.MINUTE.number_at(batch.since_ms), prefix)
        names = load_script("tally").keys
        flat = [part for row, activity in batch.rows.items() for part in (*row, activity.encode())]
        given = [spans[name] if name in spans else getattr(keys, name) for name in names]
        reply = yield from self._script_runner.call("tally", given, [worker, batch.number, batch.since_ms, *flat])
        check_format(reply[0])
        return bool(reply[0] != b"OUTDATED")

    def read(self, span: Span, numbers: Sequence[int]) -> Operation[dict[int, Rows]]:
        """Read some minutes or hours by their numbers. Those in which nothing was done are left out, and so are rows
        that are damaged.
        """
        prefix = self._script_runner.prefix
        commands: list[Command] = [("HGETALL", span.key(number, prefix)) for number in numbers]
        replies = yield Pipeline(commands)
        for command in commands[len(replies) :]:
            # The pipeline ended at an error, which this raises.
            replies.append((yield command))
        found = ((number, dict(_rows_in(reply))) for number, reply in zip(numbers, replies, strict=True))
        return {number: rows for number, rows in found if rows}


def _rows_in(reply: Sequence[bytes]) -> Iterator[tuple[ActivityKey, Activity]]:
    for name, numbers in zip(reply[::2], reply[1::2], strict=True):
        queue, _, handler = id_text(name).partition("/")
        try:
            yield ActivityKey(queue, handler), Activity.decode(numbers)
        except Undecodable:
            continue
