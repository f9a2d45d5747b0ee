"""The scripts as they are called on one shard: each with the keys its header declares, and its arguments by name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from redisched.errors import FormatTooNew
from redisched.keys import Keys
from redisched.store.operation import Argument, Command, Operation, ScriptRunner
from redisched.store.scripts import FORMAT, load_script
from redisched.store.values import Status

NO_ARGUMENTS: Mapping[str, Argument] = {}


class ShardScripts:
    """Calls scripts on one shard of a queue."""

    def __init__(self, script_runner: ScriptRunner, queue: str, shard: int = 0) -> None:
        self.keys: Keys = script_runner.keys_of(queue, shard)
        self._script_runner = script_runner
        self._keys_of: dict[str, tuple[str, ...]] = {}

    def keys_of(self, name: str) -> tuple[str, ...]:
        """The keys of a script, in its order."""
        keys = self._keys_of.get(name)
        if keys is None:
            keys = self._keys_of[name] = tuple(getattr(self.keys, key) for key in load_script(name).keys)
        return keys

    def command(self, name: str, arguments: Sequence[Argument]) -> Command:
        """The command that calls a script which the server has loaded, with its arguments in their order."""
        return self._script_runner.command(name, self.keys_of(name), arguments)

    def call(
        self, name: str, arguments: Mapping[str, Argument] = NO_ARGUMENTS, rows: Iterable[Sequence[Any]] = ()
    ) -> Operation[Any]:
        """Call a script with these arguments and tasks, each of which begins with its id.

        Raises FormatTooNew if the shard holds what only later scripts understand.
        """
        given = [arguments[argument] for argument in load_script(name).arguments]
        reply = yield from self._script_runner.call(name, self.keys_of(name), given + flat(rows))
        if isinstance(reply, list) and reply and isinstance(reply[0], bytes):
            check_format(reply[0])
        return reply

    def settle(
        self, name: str, arguments: Mapping[str, Argument] = NO_ARGUMENTS, rows: Iterable[Sequence[Any]] = ()
    ) -> Operation[list[Status]]:
        """Call a script that answers a status for each task."""
        return statuses_in((yield from self.call(name, arguments, rows)))


def check_format(answer: bytes) -> None:
    """Raises FormatTooNew if a script refused to touch the shard."""
    if answer.startswith(b"NEWER "):
        raise FormatTooNew(answer[6:].decode(errors="replace"), FORMAT)


class _Statuses(dict[bytes, Status]):
    def __missing__(self, answer: bytes) -> Status:
        check_format(answer)
        raise KeyError(answer)


_STATUSES = _Statuses({status.value.encode(): status for status in Status})


def statuses_in(reply: Iterable[bytes]) -> list[Status]:
    """The statuses that a script answered. Raises FormatTooNew."""
    return [_STATUSES[status] for status in reply]


def flat(rows: Iterable[Sequence[Any]]) -> list[Argument]:
    """The rows of a call one after the other; each begins with an id."""
    values: list[Argument] = []
    for row in rows:
        values += row
        if not row[0].isascii():
            values[-len(row)] = id_bytes(row[0])
    return values


def id_text(stored: bytes) -> str:
    """An id as text. Another program may have written one that is no text: it comes back as the same bytes."""
    return stored.decode(errors="surrogateescape")


def id_bytes(task_id: str) -> Argument:
    """An id as it is stored."""
    return task_id if task_id.isascii() else task_id.encode(errors="surrogateescape")
