"""Which tasks a worker process has started, kept where its supervisor can still read it after the process died.

A file mapped into both holds one record per slot and a line of vital signs. Nothing here costs a system call per task.
"""

import mmap
import os
import re
import signal
import struct
from typing import NamedTuple, Protocol, Self

_RECORD_BYTES = 352
_RECORD = re.compile(rb"([A-Za-z0-9._-]{1,100}) (\d{1,20}) (.+)", re.DOTALL)
_LENGTH = struct.Struct("<H")
_CONTACT = struct.Struct("<d")
_FAREWELL_AT = _CONTACT.size
_SIGN_AT = _FAREWELL_AT + 8


class StartedTask(NamedTuple):
    """A task whose handler runs, and the token of the lease under which it does: a later one says nothing of it."""

    queue: str
    id: str
    token: int


class Started(Protocol):
    """Notes which task runs in which slot, when Redis last answered, and when this process last gave a sign of life."""

    def enter(self, slot: int, queue: str, task_id: str, token: int) -> None: ...

    def leave(self, slot: int) -> None: ...

    def contact(self, monotonic_s: float) -> None: ...

    def sign(self, monotonic_s: float) -> None: ...

    def abandon(self) -> None: ...


class NotShared:
    """For a worker without a supervisor: nobody asks after its death."""

    def enter(self, slot: int, queue: str, task_id: str, token: int) -> None:
        """Nothing to note."""

    def leave(self, slot: int) -> None:
        """Nothing to note."""

    def contact(self, monotonic_s: float) -> None:
        """Nothing to note."""

    def sign(self, monotonic_s: float) -> None:
        """Nothing to note."""

    def abandon(self) -> None:
        """It goes on as well as it can: nobody would take its place."""


class StartedTable:
    """The shared table. The supervisor makes it before it starts the process, and reads it after its death.

    It is a file without a name, so that a supervisor that is killed leaves nothing behind.
    """

    def __init__(self, descriptor: int, slots: int) -> None:
        """Maps the table of this descriptor, for so many slots."""
        self.descriptor = descriptor
        self._slots = slots
        size = _RECORD_BYTES * (slots + 1)
        if os.fstat(descriptor).st_size < size:
            os.ftruncate(descriptor, size)
        self._map = mmap.mmap(descriptor, size)
        self._claim, self._claim_text = ("", 0), b""

    @classmethod
    def make(cls, slots: int) -> Self:
        """A new table, in memory alone. Raises OSError where the system has no descriptor left."""
        return cls(os.memfd_create("redisched-started"), slots)

    def enter(self, slot: int, queue: str, task_id: str, token: int) -> None:
        """Note that a task starts in a slot. Its length is written last: a torn record reads as empty.

        A task that fits into no record is not noted: no producer of redisched's can have made it.
        """
        if self._claim != (queue, token):
            # The tasks of a claim start one after the other.
            self._claim, self._claim_text = (queue, token), f"{queue} {token} ".encode()
        text = self._claim_text + task_id.encode(errors="replace")
        if len(text) > _RECORD_BYTES - _LENGTH.size:
            return
        at = (slot + 1) * _RECORD_BYTES
        self._map[at + 2 : at + 2 + len(text)] = text
        _LENGTH.pack_into(self._map, at, len(text))

    def leave(self, slot: int) -> None:
        """Note that nothing runs in a slot."""
        _LENGTH.pack_into(self._map, (slot + 1) * _RECORD_BYTES, 0)

    def contact(self, monotonic_s: float) -> None:
        """Note that Redis answered this process."""
        _CONTACT.pack_into(self._map, 0, monotonic_s)

    def last_contact_s(self) -> float:
        """When Redis last answered this process: monotonic seconds, 0.0 if it never did."""
        contact_s: float = _CONTACT.unpack_from(self._map, 0)[0]
        return contact_s

    def sign(self, monotonic_s: float) -> None:
        """Note that this process lives, whether Redis answers or not."""
        _CONTACT.pack_into(self._map, _SIGN_AT, monotonic_s)

    def last_sign_s(self) -> float:
        """When this process last gave a sign of life: monotonic seconds, 0.0 if it never did."""
        sign_s: float = _CONTACT.unpack_from(self._map, _SIGN_AT)[0]
        return sign_s

    def abandon(self) -> None:
        """End this process at once. What runs in it is taken back, and has not crashed."""
        for slot in range(self._slots):
            self.leave(slot)
        os.kill(os.getpid(), signal.SIGKILL)

    def say_farewell(self, exit_code: int) -> None:
        """Note that the process ends because it wants to, and how: whatever its last moments make of its exit code.

        Any end without that is an accident.
        """
        self._map[_FAREWELL_AT] = exit_code + 1

    def farewell(self) -> int | None:
        """With which exit code the process ended because it wanted to, None if it did not."""
        noted = self._map[_FAREWELL_AT]
        return noted - 1 if noted else None

    def read(self) -> set[StartedTask]:
        """Every task that had started and not ended, as far as records can be read."""
        found = set()
        for slot in range(1, self._slots + 1):
            at = slot * _RECORD_BYTES
            (length,) = _LENGTH.unpack_from(self._map, at)
            record = _RECORD.fullmatch(self._map[at + 2 : at + 2 + min(length, _RECORD_BYTES - 2)])
            if record:
                queue, token, task_id = record.groups()
                found.add(StartedTask(queue.decode(), task_id.decode(errors="replace"), int(token)))
        return found

    def clear(self) -> None:
        """Forget everything, for the process that comes next."""
        self._map[:] = bytes(len(self._map))

    def close(self) -> None:
        """Release the mapping, and the descriptor."""
        self._map.close()
        os.close(self.descriptor)
