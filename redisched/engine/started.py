"""The tasks that a worker process has started, in memory that its supervisor can still read after the process died.

Both processes map the same file. It has one record for each slot, and before them a record with signs of life. Writing
to it needs no system call.
"""

import mmap
import os
import re
import signal
import struct
from typing import NamedTuple, Protocol, Self

from redisched.engine.stall import Stall, Stalled

_RECORD_BYTES = 352
_RECORD = re.compile(rb"([A-Za-z0-9._-]{1,100}) (\d{1,20}) (.+)", re.DOTALL)
_LENGTH = struct.Struct("<H")
_CONTACT = struct.Struct("<d")
_CLEAN_EXIT_AT = _CONTACT.size
_SIGN_AT = _CLEAN_EXIT_AT + 8
_COUNT = struct.Struct("<Q")
_COUNT_AT = _SIGN_AT + _CONTACT.size
_STALL = struct.Struct("<B")
_STALL_AT = _COUNT_AT + _COUNT.size
_STALLED_SINCE_AT = _STALL_AT + 8


class StartedTask(NamedTuple):
    """A task whose handler runs, and the token of its lease. If the task is leased again, under another token, this
    says nothing about the new lease.
    """

    queue: str
    id: str
    token: int


class Started(Protocol):
    """Notes which task runs in which slot, when Redis last answered, when this process last gave a sign of life, and
    whether it makes progress.
    """

    @property
    def is_read(self) -> bool:
        """Whether a supervisor reads it."""

    def enter(self, slot: int, queue: str, task_id: str, token: int) -> None: ...

    def leave(self, slot: int) -> None: ...

    def contact(self, monotonic_s: float) -> None: ...

    def note_alive(self, monotonic_s: float) -> None: ...

    def note_stall(self, stall: Stall, since_s: float) -> None: ...

    def stalled(self) -> Stalled | None: ...

    def abandon(self) -> None: ...


class NoStartedTable:
    """For a worker without a supervisor: nobody reads the table."""

    is_read = False

    def enter(self, slot: int, queue: str, task_id: str, token: int) -> None:
        """Nothing to note."""

    def leave(self, slot: int) -> None:
        """Nothing to note."""

    def contact(self, monotonic_s: float) -> None:
        """Nothing to note."""

    def note_alive(self, monotonic_s: float) -> None:
        """Nothing to note."""

    def note_stall(self, stall: Stall, since_s: float) -> None:
        """Nothing to note."""

    def stalled(self) -> Stalled | None:
        """Nothing is known."""
        return None

    def abandon(self) -> None:
        """Does not end the process, because no supervisor would replace it."""


class StartedTable:
    """The shared table. The supervisor makes it before it starts the process, and reads it after its death.

    It is a file without a name, so that a supervisor that is killed leaves nothing behind.
    """

    is_read = True

    def __init__(self, descriptor: int, slots: int) -> None:
        """Maps the table of this descriptor, for so many slots."""
        self.descriptor = descriptor
        self._slots = slots
        size = _RECORD_BYTES * (slots + 1)
        if os.fstat(descriptor).st_size < size:
            os.ftruncate(descriptor, size)
        self._map = mmap.mmap(descriptor, size)
        self._claim, self._claim_text = ("", 0), b""
        self._entered = 0

    @classmethod
    def make(cls, slots: int) -> Self:
        """A new table, in memory alone. Raises OSError where the system has no descriptor left."""
        return cls(os.memfd_create("redisched-started"), slots)

    def enter(self, slot: int, queue: str, task_id: str, token: int) -> None:
        """Note that a task starts in a slot. The length of the record is written last, so that a record which is only
        half written reads as empty.

        A task whose id is too long for a record is not noted: no producer of redisched makes such ids.
        """
        self._entered += 1
        if self._claim != (queue, token):
            # Tasks of one claim, which share queue and token, start one after the other.
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
        """Note that Redis answered this process, and how many tasks it has started until now."""
        _CONTACT.pack_into(self._map, 0, monotonic_s)
        _COUNT.pack_into(self._map, _COUNT_AT, self._entered)

    def last_contact_s(self) -> float:
        """When Redis last answered this process: monotonic seconds, 0.0 if it never did."""
        contact_s: float = _CONTACT.unpack_from(self._map, 0)[0]
        return contact_s

    def started_count(self) -> int:
        """How many tasks this process has started, as of its last contact with Redis."""
        count: int = _COUNT.unpack_from(self._map, _COUNT_AT)[0]
        return count

    def note_alive(self, monotonic_s: float) -> None:
        """Note that this process is alive, whether Redis answers or not."""
        _CONTACT.pack_into(self._map, _SIGN_AT, monotonic_s)

    def last_alive_s(self) -> float:
        """When this process last gave a sign of life: monotonic seconds, 0.0 if it never did."""
        sign_s: float = _CONTACT.unpack_from(self._map, _SIGN_AT)[0]
        return sign_s

    def note_stall(self, stall: Stall, since_s: float) -> None:
        """Note why the process makes no progress, and since which monotonic moment; Stall.NONE if it does."""
        _CONTACT.pack_into(self._map, _STALLED_SINCE_AT, since_s)
        _STALL.pack_into(self._map, _STALL_AT, stall)

    def stalled(self) -> Stalled | None:
        """Why the process makes no progress; None if it does."""
        (number,) = _STALL.unpack_from(self._map, _STALL_AT)
        if number == Stall.NONE or number not in set(Stall):
            return None
        return Stalled(Stall(number), _CONTACT.unpack_from(self._map, _STALLED_SINCE_AT)[0])

    def abandon(self) -> None:
        """Kill this process at once. Its running tasks are taken back, and this does not count as a crash of theirs."""
        for slot in range(self._slots):
            self.leave(slot)
        os.kill(os.getpid(), signal.SIGKILL)

    def note_clean_exit(self, exit_code: int) -> None:
        """Note that the process exits by itself, and with which exit code. The code noted here counts, even if the last
        steps of the process change it.

        If a process ends without this note, it has crashed or was killed.
        """
        self._map[_CLEAN_EXIT_AT] = exit_code + 1

    def clean_exit(self) -> int | None:
        """The exit code that the process noted before it exited by itself; None if it noted none."""
        noted = self._map[_CLEAN_EXIT_AT]
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
        """Erase everything, for the next process."""
        self._map[:] = bytes(len(self._map))

    def close(self) -> None:
        """Release the mapping, and the descriptor."""
        self._map.close()
        os.close(self.descriptor)
