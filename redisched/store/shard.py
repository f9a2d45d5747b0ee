"""Calls scripts on one shard: passes the keys that the header of a script declares, and its arguments by name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from redisched.errors import FormatTooNew
from redisched.keys import Keys
from redisched.store.enqueued import Duplicate, Enqueued
from redisched.store.operation import Argument, Command, Operation, ScriptRunner
from redisched.store.scripts import FORMAT, load_script
from redisched.store.values import Status

ALL_KEYS = [b"ALL_KEYS"]
"""What a script answers that needs more than its usual keys; it has changed nothing."""
NO_ARGUMENTS: Mapping[str, Argument] = {}


class ShardScripts:
    """Calls scripts on one shard of a queue."""

    def __init__(self, script_runner: ScriptRunner, queue: str, shard: int = 0) -> None:
        self.keys: Keys = script_runner.keys_of(queue, shard)
        self._script_runner = script_runner
        self._keys_of: dict[str, tuple[str, ...]] = {}
        self._all_keys_of: dict[str, tuple[str, ...]] = {}

    def keys_of(self, name: str) -> tuple[str, ...]:
        """Return the keys that a call of a script passes, in its order: the usual ones, until it needs all."""
        keys = self._keys_of.get(name)
        if keys is None:
            keys = self._keys_of[name] = self._named(load_script(name).usual_keys)
        return keys

    def all_keys_of(self, name: str) -> tuple[str, ...]:
        """Return all keys that a script declares, in its order."""
        keys = self._all_keys_of.get(name)
        if keys is None:
            keys = self._all_keys_of[name] = self._named(load_script(name).keys)
        return keys

    def command(self, name: str, arguments: Sequence[Argument], keys: tuple[str, ...] = ()) -> Command:
        """Return the command that calls a script, its arguments given in order. The server must have it loaded."""
        return self._script_runner.command(name, keys or self.keys_of(name), arguments)

    def call(
        self,
        name: str,
        arguments: Mapping[str, Argument] = NO_ARGUMENTS,
        rows: Iterable[Sequence[Any]] = (),
        keys: tuple[str, ...] = (),
    ) -> Operation[Any]:
        """Call a script with arguments, and one row for each task, whose first value is the id. Returns the reply.

        Raises FormatTooNew if a later version of redisched has written a format that these scripts do not know.
        """
        given = [arguments[argument] for argument in load_script(name).arguments] + flat(rows)
        reply = yield from self._script_runner.call(name, keys or self.keys_of(name), given)
        if reply == ALL_KEYS:
            # The shard has tasks with rare properties by now, so later calls pass all keys at once.
            self._keys_of[name] = self.all_keys_of(name)
            reply = yield from self._script_runner.call(name, self._keys_of[name], given)
        if isinstance(reply, list) and reply and isinstance(reply[0], bytes):
            check_format(reply[0])
        return reply

    def _named(self, keys: Sequence[str]) -> tuple[str, ...]:
        return tuple(getattr(self.keys, key) for key in keys)

    def settle(
        self, name: str, arguments: Mapping[str, Argument] = NO_ARGUMENTS, rows: Iterable[Sequence[Any]] = ()
    ) -> Operation[list[Status]]:
        """Call a script that answers one status for each task, and return these. Raises FormatTooNew."""
        return statuses_in((yield from self.call(name, arguments, rows)))


def check_format(answer: bytes) -> None:
    """Raises FormatTooNew if a script refused to run because the format of the shard is too new."""
    if answer.startswith(b"NEWER "):
        raise FormatTooNew(answer[6:].decode(errors="replace"), FORMAT)


class _Statuses(dict[bytes, Status]):
    def __missing__(self, answer: bytes) -> Status:
        check_format(answer)
        raise KeyError(answer)


DUPLICATE = b"DUPLICATE "
"""What the answer to an enqueue begins with whose unique key another task holds; the id of that task follows."""
_STATUSES = _Statuses({status.value.encode(): status for status in Status})


class _EnqueueAnswers(dict[bytes, Enqueued]):
    def __missing__(self, answer: bytes) -> Enqueued:
        return Duplicate(id_text(answer[len(DUPLICATE) :])) if answer.startswith(DUPLICATE) else _STATUSES[answer]


ENQUEUED = _EnqueueAnswers(_STATUSES)
"""What each answer to an enqueue says. Looking one up raises FormatTooNew if the script refused to run."""


def statuses_in(reply: Iterable[bytes]) -> list[Status]:
    """Convert the reply of a script to statuses. Raises FormatTooNew."""
    return [_STATUSES[status] for status in reply]


def enqueued_in(reply: Iterable[bytes]) -> list[Enqueued]:
    """Convert the reply to an enqueue. Raises FormatTooNew."""
    return [ENQUEUED[answer] for answer in reply]


def flat(rows: Iterable[Sequence[Any]]) -> list[Argument]:
    """Return the values of all rows in one list. The first value of each row is an id, encoded if it is not ASCII."""
    values: list[Argument] = []
    for row in rows:
        values += row
        if not row[0].isascii():
            values[-len(row)] = id_bytes(row[0])
    return values


def id_text(stored: bytes) -> str:
    """Decode a stored id. If another program wrote bytes that are not UTF-8, `id_bytes` restores the same bytes."""
    return stored.decode(errors="surrogateescape")


def id_bytes(task_id: str) -> Argument:
    """Return an id in its stored form: ASCII text unchanged, else bytes."""
    return task_id if task_id.isascii() else task_id.encode(errors="surrogateescape")
