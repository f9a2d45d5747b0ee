"""The worker processes of one supervisor: which run, what they say, and what follows when one ends."""

import signal
from collections.abc import Callable

from redisched.backoff import Backoff
from redisched.clock import Clock
from redisched.config import Until
from redisched.engine.child_spec import Exit, Fatal, Ordered, Ready, Work
from redisched.engine.logs import log
from redisched.engine.process_limits import draw_limits
from redisched.engine.process_slot import Member, ProcessSlot
from redisched.engine.recoverer import Recoverer
from redisched.engine.resident_memory import resident_bytes
from redisched.engine.rotation import Rotation
from redisched.engine.stall import Stall
from redisched.engine.started import StartedTable
from redisched.engine.worker_process import WorkerProcess
from redisched.orders import WorkerOrder

RESPAWN_BACKOFF = Backoff(base_s=0.1, cap_s=5.0)
SETTLED_S = 5.0
"""A process that lived for so long is replaced at once when it dies."""
CONTACT_S = 15.0
"""A process that got no answer from Redis for so long is not healthy."""
NO_START = "no worker process can be started: %s; trying again"

StartProcess = Callable[[Work, StartedTable], WorkerProcess]
"""Starts a worker process with a table. Raises OSError if the system has no room for it."""


class Fleet:
    """As many worker processes as the settings say, and for a while those that they replace.

    `fatal` is what a process has said that cannot work, before any other has worked.
    """

    def __init__(
        self,
        work: Work,
        recoverer: Recoverer,
        start_process: StartProcess,
        clock: Clock,
        random: Callable[[], float],
        memory_of: Callable[[int], int] = resident_bytes,
    ) -> None:
        """`random` draws from [0, 1); `memory_of` answers the resident memory of a process id, in bytes."""
        self._work = work
        self._settings = work.settings
        self._recoverer = recoverer
        self._start_process = start_process
        self._clock = clock
        self._random = random
        self._has_worked = False
        self._is_stopping = False
        self.rotation = Rotation(self._start_with_table, work.settings.grace_s, clock, random, memory_of)
        self.slots: list[ProcessSlot] = []
        self.fatal: Fatal | None = None

    def add(self, table: StartedTable) -> None:
        """Have one process more."""
        self.slots.append(ProcessSlot(table, len(self.slots)))

    def members(self) -> list[Member]:
        """Every process that runs."""
        return [member for slot in self.slots for member in slot.members()]

    def start_due(self) -> None:
        """Start processes in empty slots, and replacements."""
        for slot in self.slots:
            if slot.member is None and not slot.is_over and self._clock.monotonic() >= slot.due_s:
                self._spawn(slot)
        self.rotation.step(self.slots)

    def look(self) -> None:
        """Take in what processes have said, and which have ended."""
        for slot in list(self.slots):
            for member in slot.members():
                self._look_at(slot, member)
            if not slot.members() and (slot.is_over or self._is_stopping):
                self.slots.remove(slot)
                slot.close()

    def terminate(self) -> None:
        """Tell every process to stop. None is started from now on."""
        self._is_stopping = True
        for member in self.members():
            member.process.terminate()

    def kill(self) -> None:
        """Kill every process."""
        for member in self.members():
            member.process.kill()

    def kill_the_silent(self) -> None:
        """Kill processes whose lease renewer does not run: something blocks the interpreter or has stopped it."""
        now_s = self._clock.monotonic()
        longest_silence_s = max(CONTACT_S, self._settings.lease_s + self._settings.stuck_after_s)
        for member in self.members():
            silent_s = member.liveness.check(member.table.last_alive_s(), now_s)
            if silent_s > longest_silence_s:
                log.critical("worker %s has given no sign of life for %.0f s; killing it", member.name, silent_s)
                member.process.kill()

    def contact_ages_s(self) -> dict[str, float] | None:
        """How long ago Redis answered each process that has worked, by name; None if one that should work now gets no
        answers. A replacement that starts, and a process that drains, say nothing about the health of the others.
        """
        now_s = self._clock.monotonic()
        if not self.slots or any(now_s - slot.table.last_contact_s() >= CONTACT_S for slot in self.slots):
            return None
        last_s = {member.name: member.table.last_contact_s() for member in self.members()}
        return {name: round(now_s - contact_s, 1) for name, contact_s in last_s.items() if contact_s > 0}

    def stalled_s(self) -> dict[str, tuple[Stall, float]]:
        """Why processes make no progress, and for how long; by name, without those that do. A process that drains says
        nothing about the health of the others.
        """
        now_s = self._clock.monotonic()
        members = [slot.member for slot in self.slots if slot.member is not None]
        found = {member.name: member.table.stalled() for member in members}
        return {name: (one.stall, round(now_s - one.since_s, 1)) for name, one in found.items() if one is not None}

    def close(self) -> None:
        """Kill what still runs, and release everything."""
        for slot in self.slots:
            for member in slot.members():
                member.process.kill()
                member.process.close()
            slot.close()
        self.slots.clear()

    def _spawn(self, slot: ProcessSlot) -> None:
        slot.table.clear()
        try:
            slot.member = self._start(slot.table, slot.number)
        except OSError as error:
            log.error(NO_START, error)
            self._postpone(slot, self._clock.monotonic())

    def _start(self, table: StartedTable, number: int) -> Member:
        began_s = self._clock.monotonic()
        process = self._start_process(self._work.in_place(number), table)
        return Member(process=process, table=table, began_s=began_s, limits=draw_limits(self._settings, self._random))

    def _start_with_table(self, slot: ProcessSlot) -> Member:
        table = StartedTable.make(self._settings.concurrency)
        try:
            return self._start(table, slot.number)
        except BaseException:
            table.close()
            raise

    def _look_at(self, slot: ProcessSlot, member: Member) -> None:
        code = member.process.exit_code()
        member.note_working(self._clock.monotonic())
        self._has_worked = self._has_worked or member.works_since_s is not None
        for message in member.process.messages():
            if isinstance(message, Ready):
                member.ready = message
            elif isinstance(message, Ordered):
                member.told = message.order
            elif member is slot.successor:
                member.failure = message.reason
            elif self._has_worked:
                log.error("worker %s cannot work: %s; trying again", member.name, message.reason)
            else:
                self.fatal = self.fatal or message
        if code is not None:
            self._bury(slot, member, code)

    def _bury(self, slot: ProcessSlot, member: Member, code: int) -> None:
        """A process ended: it was told to, its work is done, it cannot work, or it crashed."""
        member.process.close()
        clean_exit = member.table.clean_exit()
        is_cut_short = self._is_stopping and member.ready is None and code == -signal.SIGTERM
        has_crashed = clean_exit is None and not is_cut_short
        if has_crashed:
            self._take_back(member, code)
        is_successor, is_member = member is slot.successor, member is slot.member
        slot.remove(member)
        if is_successor:
            if not self._is_stopping:
                self.rotation.failed(slot, member, member.failure or f"it has ended ({_cause(code)})")
        elif is_member and slot.successor is not None:
            slot.hand_over()
        elif is_member and has_crashed:
            self._postpone(slot, member.began_s)
        elif is_member:
            self._vacate(slot, member, clean_exit)

    def _vacate(self, slot: ProcessSlot, member: Member, clean_exit: int | None) -> None:
        """A process has ended by itself, and left its slot empty."""
        is_told = member.told is WorkerOrder.STOP
        if (
            self._is_stopping
            or is_told
            or (self._settings.until is Until.EMPTY and clean_exit not in (Exit.STUCK, Exit.CRASHED))
        ):
            slot.is_over = True
        elif clean_exit in (Exit.MISCONFIGURED, Exit.CRASHED):
            self._postpone(slot, member.began_s)
        else:
            reason = "has a handler that does not end" if clean_exit == Exit.STUCK else "was stopped by somebody else"
            log.warning("worker %s %s; it is replaced", member.name, reason)

    def _take_back(self, member: Member, code: int) -> None:
        log.error("worker %s died (%s); taking its tasks back", member.name, _cause(code))
        if member.ready is not None:
            # A process that dies while it stops was most likely killed by somebody who did not want to wait. This does
            # not count as a crash of the tasks that ran.
            started = set() if self._is_stopping else member.table.read()
            self._recoverer.died(member.name, started, member.ready)

    def _postpone(self, slot: ProcessSlot, began_s: float) -> None:
        """Set when the next process may start in a slot: at once, or after a backoff if the last one died early."""
        now_s = self._clock.monotonic()
        slot.deaths = 0 if now_s - began_s > SETTLED_S else slot.deaths + 1
        slot.due_s = now_s + (RESPAWN_BACKOFF.delay_s(slot.deaths, self._random) if slot.deaths else 0)


def _cause(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"
