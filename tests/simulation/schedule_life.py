"""The referee's part for schedules: which slots are fired, and who changes what, by the answers of the server.

I10: every slot of a schedule is enqueued once, and none is left out but by the policies for late slots and overlaps.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from functools import partial

from redisched.model import BAND
from redisched.schedules.definition import Definition
from redisched.store.schedule_values import ALIVE_MS
from tests.chaos.model_limits import Limits
from tests.simulation.calls import Tasks, check, now_ms_of, rows_of
from tests.simulation.schedule_shadow import Look, ScheduleShadow, slot_of
from tests.simulation.server import Call
from tests.simulation.shadow import Place, Shadow

ONCE = "I10: a slot is enqueued once"
ONLY_NEXT = "I10: only the next slot of the present version is fired"
NO_GAP = "I10: no slot is left out"
POLICY = "I10: late slots are left to the misfire policy"
KNOWN = "I10: a schedule is changed by whoever knows what it is"
OWN = "I10: no application touches the schedules of another"
NEWEST = "G13: an older deploy declares nothing while a newer one lives"
LOOKS = 8
"""How many of the latest looks of a process at a schedule may be the reason for what it fires."""


class ScheduleLife:
    """The schedules of one shard. `tasks` are all tasks that the referee knows; those of slots are added to them."""

    def __init__(self, tasks: Callable[[], Tasks]) -> None:
        self._tasks = tasks
        self.schedules: dict[bytes, ScheduleShadow] = {}
        self.fired: set[bytes] = set()
        """The ids of all tasks of slots that were enqueued and not withdrawn."""
        self.late: list[bytes] = []
        """The ids of slots that do not wait for the one before, and were enqueued after their time."""
        self.answers: Counter[bytes] = Counter()
        """How often each answer was given for a slot; PASSED where slots were left out as late."""
        self._epochs: dict[bytes, int] = {}
        self._deploys: dict[bytes, dict[bytes, tuple[int, int]]] = defaultdict(dict)
        """The generation of each digest of an application, and when it was seen last (ms)."""
        self._looks: dict[tuple[str, bytes], deque[Look]] = defaultdict(partial(deque, maxlen=LOOKS))
        self.checks: dict[str, Callable[[Call], None]] = {
            "set_schedule": self._set,
            "remove_schedule": self._remove,
            "pause_schedule": self._pause,
            "resume_schedule": self._resume,
            "fire": self._fire,
            "announce": self._announce,
        }

    def read(self, call: Call) -> None:
        """Note what a process learns of schedules."""
        now_ms, *said = call.reply
        if call.script == "read/due_schedules":
            parts = zip(said[0::4], said[1::4], said[2::4], strict=True)
        elif call.script == "read/schedules":
            parts = zip(call.arguments, said[0::3], said[1::3], strict=True)
        else:
            return
        for name, slot, state in parts:
            if slot:
                look = Look(state.partition(b" ")[0], int(slot), int(now_ms))
                self._looks[call.caller, name].append(look)

    def missing(self, now_ms: int) -> list[bytes]:
        """The active schedules that have a slot which nobody has fired, though it was due at a moment."""
        return [name for name, one in self.schedules.items() if not one.is_paused and one.slot_ms <= now_ms]

    def _fire(self, call: Call) -> None:
        for row, status in rows_of(call.arguments, 10, call.reply):
            name, version, slot, following, overlap, *_ = row
            schedule, slot_ms = self.schedules.get(name), int(slot)
            is_passed = overlap == b"pass" and status == b"SKIPPED"
            self.answers[b"PASSED" if is_passed else status] += 1
            if schedule is None or not schedule.awaits(version, slot_ms):
                check(status == b"MOVED", ONLY_NEXT, call, row[:6], schedule)
            elif overlap == b"skip" and slot_ms > now_ms_of(call):
                check(status == b"NOT_DUE", ONLY_NEXT, call, row[:6], schedule)
            elif overlap == b"pass":
                check(status == b"SKIPPED", POLICY, call, row[:6], schedule)
                check(self._may_pass(call, name, schedule, slot_ms, int(following)), POLICY, call, row[:6], schedule)
                schedule.slot_ms = int(following)
            else:
                self._fire_slot(call, schedule, row, status)

    def _fire_slot(self, call: Call, schedule: ScheduleShadow, row: Sequence[bytes], status: bytes) -> None:
        name, _, slot, following, overlap, id, priority, run_at, record, traits = row
        slot_ms, run_at_ms, now_ms = int(slot), int(run_at), now_ms_of(call)
        timing = schedule.definition.timing
        is_made = run_at_ms == timing.run_at_ms(name.decode(), slot_ms) and record == schedule.definition.task.record
        check(is_made and slot_of(id) == slot_ms, "I10: the task of a slot is that of its version", call, row)
        check(int(following) == timing.next_after_ms(slot_ms), NO_GAP, call, row)
        check(overlap.decode() == schedule.definition.overlap, "I10: a slot goes by the overlap of its version", call)
        before, known = self._tasks().get(schedule.last), self._tasks().get(id)
        expected = b"FIRED"
        if overlap == b"skip" and before is not None and before.lives:
            expected = b"SKIPPED"
        elif known is not None and known.place is not Place.FORGOTTEN:
            expected = b"EXISTS"
        check(status == expected, ONCE, call, row[:6], expected)
        check(self._may_fire(call, name, schedule, slot_ms), POLICY, call, row[:6], schedule)
        if status == b"FIRED":
            check(id not in self.fired, ONCE, call, row[:6])
            self.fired.add(id)
            self.late += [id] if now_ms > run_at_ms and overlap == b"allow" else []
            task = self._tasks()[id] = Shadow(id, record, int(priority) * BAND + run_at_ms)
            task.limits = Limits.read(traits, now_ms)
        schedule.ahead = {other: at_ms for other, at_ms in schedule.ahead.items() if at_ms > now_ms}
        if status != b"SKIPPED":
            schedule.last = id
            schedule.ahead |= {id: run_at_ms} if run_at_ms > now_ms else {}
        schedule.slot_ms = int(following)

    def _may_fire(self, call: Call, name: bytes, schedule: ScheduleShadow, slot_ms: int) -> bool:
        looks = self._looks_of(call, name, schedule)
        may = any(schedule.may_fire(slot_ms, look) for look in looks)
        return may or schedule.was_awaited(now_ms_of(call))

    def _may_pass(self, call: Call, name: bytes, schedule: ScheduleShadow, slot_ms: int, following_ms: int) -> bool:
        looks = self._looks_of(call, name, schedule)
        if schedule.was_awaited(now_ms_of(call)):
            looks.append(Look(schedule.version, slot_ms, now_ms_of(call)))
        return any(schedule.may_pass(slot_ms, following_ms, look) for look in looks)

    def _looks_of(self, call: Call, name: bytes, schedule: ScheduleShadow) -> list[Look]:
        return [look for look in self._looks[call.caller, name] if look.version == schedule.version]

    def _set(self, call: Call) -> None:
        _, application, epoch, *rows = call.arguments
        if not self._is_told(call, application, epoch):
            return
        for (name, basis, version, encoded, slot), status in rows_of(rows, 5, call.reply):
            known = self.schedules.get(name)
            if known is not None and known.version == version:
                check(status == b"STORED", KNOWN, call, name)
                continue
            expected = b"STORED"
            if known is None and basis:
                expected = b"UNKNOWN"
            elif known is not None and known.version != basis:
                expected = b"CHANGED" if basis else b"EXISTS"
            check(status == expected, KNOWN, call, name, expected, known)
            if status == b"STORED":
                new = ScheduleShadow(version, Definition.decode(encoded), int(slot))
                if known is not None:
                    self._replace(call, application, known, new)
                self.schedules[name] = new

    def _replace(self, call: Call, application: bytes, known: ScheduleShadow, new: ScheduleShadow) -> None:
        check(not application or known.definition.application == application.decode(), OWN, call, known)
        kept = {id: at_ms for id, at_ms in known.ahead.items() if slot_of(id) <= now_ms_of(call)}
        known.ahead = {id: at_ms for id, at_ms in known.ahead.items() if id not in kept}
        withdrawn = self._withdraw(call, known)
        new.is_paused, new.last, new.ahead = known.is_paused, known.last, kept
        if not known.is_paused and new.definition.timing == known.definition.timing:
            unfired_ms = min([known.slot_ms, *map(slot_of, withdrawn)])
            check(new.slot_ms <= unfired_ms, NO_GAP, call, unfired_ms, new)

    def _remove(self, call: Call) -> None:
        application, epoch, *rows = call.arguments
        if not self._is_told(call, application, epoch):
            return
        for (name, basis), status in rows_of(rows, 2, call.reply):
            known = self.schedules.get(name)
            expected = b"REMOVED"
            if known is None:
                expected = b"UNKNOWN"
            elif basis and known.version != basis:
                expected = b"CHANGED"
            check(status == expected, KNOWN, call, name, expected)
            if known is not None and status == b"REMOVED":
                check(not application or known.definition.application == application.decode(), OWN, call, known)
                self._withdraw(call, known)
                del self.schedules[name]

    def _pause(self, call: Call) -> None:
        for name, status in zip(call.arguments, call.reply, strict=True):
            known = self.schedules.get(name)
            expected = b"UNKNOWN" if known is None else b"ALREADY" if known.is_paused else b"PAUSED"
            check(status == expected, KNOWN, call, name, expected)
            if known is not None and status == b"PAUSED":
                self._withdraw(call, known)
                known.is_paused, known.ahead = True, {}

    def _resume(self, call: Call) -> None:
        for (name, version, slot), status in rows_of(call.arguments, 3, call.reply):
            known = self.schedules.get(name)
            expected = b"UNKNOWN"
            if known is not None:
                expected = b"RESUMED" if known.version == version else b"CHANGED"
                expected = expected if known.is_paused else b"ALREADY"
            check(status == expected, KNOWN, call, name, expected)
            if known is not None and status == b"RESUMED":
                following_ms = known.definition.timing.next_after_ms(now_ms_of(call))
                check(following_ms is not None and int(slot) <= following_ms, NO_GAP, call, following_ms)
                known.is_paused, known.slot_ms = False, int(slot)

    def _withdraw(self, call: Call, schedule: ScheduleShadow) -> list[bytes]:
        """The tasks ahead that wait for their time are as if they had never been enqueued. Answers their ids."""
        withdrawn = []
        for id, run_at_ms in schedule.ahead.items():
            task = self._tasks().get(id)
            if run_at_ms > now_ms_of(call) and task is not None and task.is_waiting and task.run_at_ms == run_at_ms:
                task.place = Place.FORGOTTEN
                self.fired.discard(id)
                withdrawn.append(id)
        return withdrawn

    def _is_told(self, call: Call, application: bytes, epoch: bytes) -> bool:
        """Whether the call may change schedules, so far as an earlier deploy may not."""
        if call.reply[:1] == [b"STALE_SHARD_MAP"]:
            return False
        if not application:
            return True
        latest = self._epochs.get(application, 0)
        is_superseded = int(epoch) < latest
        check((call.reply[:1] == [b"SUPERSEDED"]) is is_superseded, NEWEST, call, latest)
        self._epochs[application] = max(latest, int(epoch))
        return not is_superseded

    def _announce(self, call: Call) -> None:
        application, digest, _ = call.arguments
        now_ms, deploys = now_ms_of(call), self._deploys[application]
        generations = [generation for generation, _ in deploys.values()]
        own, _ = deploys.get(digest, (max(generations, default=0) + 1, 0))
        others = [one for other, one in deploys.items() if other != digest]
        is_older = any(generation > own and seen_ms + ALIVE_MS > now_ms for generation, seen_ms in others)
        check(call.reply[0] == (b"OLDER" if is_older else b"CURRENT"), NEWEST, call, deploys)
        check(int(call.reply[1]) >= self._epochs.get(application, 0), "G13: epochs grow", call)
        deploys[digest] = own, now_ms
        self._epochs[application] = int(call.reply[1])
