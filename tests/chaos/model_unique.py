"""Unique keys in the model of a queue: who holds each, and which task waits for the end of its holder."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from redisched.model import LARGEST_RUN_AT_MS
from redisched.store.enqueued import Duplicate, Enqueued
from redisched.store.values import Claim, ClaimRequest, ForgetLimits, Forgotten, NewTask, Reprioritization, Status
from tests.chaos.model import Model
from tests.chaos.model_limits import moment_of
from tests.chaos.model_task import DIGEST_BYTES, Place, Task
from tests.lua.situation import Situation, packed, together

LAPSED_AT_ONCE = 10
_ASKED = re.compile(rb"(\??)unique=(\w+) (\S+) (\w+) (\d+) (-?\d+) (\w+) (.*)", re.DOTALL)


class Asked(NamedTuple):
    """What an enqueue says of the unique key of its task."""

    only_if_held: bool
    key: str
    scope: str
    mode: str
    most_ms: int
    retention_ms: int
    outcome: bytes
    others: bytes

    @classmethod
    def read(cls, traits: bytes) -> "Asked | None":
        found = _ASKED.fullmatch(traits)
        if found is None:
            return None
        where, key, scope, mode, most_ms, retention_ms, outcome, others = found.groups()
        texts = (key.decode(), scope.decode(), mode.decode())
        return cls(bool(where), *texts, int(most_ms), int(retention_ms), bytes.fromhex(outcome.decode()), others)


@dataclass(slots=True, kw_only=True)
class KeyedTask(Task):
    """A task with a unique key. `key` is empty once the task has started and held it until then."""

    keys: "Keys"
    key: str
    scope: str
    latest_ms: int = 0
    call: str = ""

    @property
    def goes_with_task(self) -> bool:
        return bool(self.key) and not self.scope.isdigit()

    def situation(self) -> Situation:
        stored = Task.situation(self)
        if self.place is not Place.ENDED:
            deadline, rest = stored.get("traits", {}).get(self.id, ""), ""
            if not deadline.startswith("deadline="):
                deadline, rest = "", deadline
            own = f"unique={self.key} {self.scope} {self.latest_ms} " if self.key else ""
            own += f"call={self.call} " if self.call else ""
            if text := deadline + own + rest:
                stored["traits"] = {self.id: text}
        return stored

    def die(self, now_ms: int, failure: bytes) -> None:
        Task.die(self, now_ms, failure)
        self.keys.leave(self)

    def end(self, token: int, outcome: bytes, now_ms: int, retention_ms: int) -> None:
        Task.end(self, token, outcome, now_ms, retention_ms)
        self.keys.leave(self)

    def revive(self, now_ms: int, body: bytes) -> Status:
        if self.place is Place.DEAD and self.goes_with_task and not self.limits.once:
            if self.keys.holder_of(self.key, now_ms):
                return Status.TAKEN
            self.keys.holders[self.key] = self
        return Task.revive(self, now_ms, body)

    def reprioritize(self, change: Reprioritization, now_ms: int) -> Status:
        is_successor = self.keys.is_successor(self) and self.run_at_ms == LARGEST_RUN_AT_MS
        status = Task.reprioritize(self, change, now_ms)
        if status is Status.REPRIORITIZED and is_successor and change.when:
            self.keys.successors[self.key] = (self.run_at_ms, self)
            self.run_at_ms = LARGEST_RUN_AT_MS
        return status


class Keys:
    """Who holds each key, until when those are held that do not go with their task, and who comes next at what time."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.holders: dict[str, KeyedTask] = {}
        self.lapsing: dict[str, int] = {}
        self.successors: dict[str, tuple[int, KeyedTask]] = {}

    def situation(self) -> Situation:
        stored: Situation = {
            "unique": {key: task.id for key, task in self.holders.items()},
            "lapsing": self.lapsing,
            "successors": {key: f"{run_at_ms} {task.id}" for key, (run_at_ms, task) in self.successors.items()},
        }
        return {name: content for name, content in stored.items() if content}

    def is_successor(self, task: KeyedTask) -> bool:
        return self.successors.get(task.key, (0, None))[1] is task

    def holder_of(self, key: str, now_ms: int) -> KeyedTask | None:
        holder = self.holders.get(key)
        if holder is not None:
            lives = holder.place in (Place.WAITING, Place.LEASED)
            if not (self.lapsing[key] > now_ms if key in self.lapsing else lives):
                self.free(key)
        return self.holders.get(key)

    def free(self, key: str) -> None:
        """The scope of a key ends: nobody holds it, or its successor does."""
        self.lapsing.pop(key, None)
        del self.holders[key]
        run_at_ms, successor = self.successors.pop(key, (0, None))
        if successor is not None:
            self.holders[key] = successor
            successor.run_at_ms, self._model.awake = run_at_ms, True

    def leave(self, task: KeyedTask) -> None:
        """The scope of a task's own key ends."""
        if not task.goes_with_task:
            return
        if self.is_successor(task):
            del self.successors[task.key]
        elif self.holders.get(task.key) is task:
            self.free(task.key)

    def lapse(self, now_ms: int, limit: int) -> None:
        over = sorted((until_ms, key) for key, until_ms in self.lapsing.items() if until_ms <= now_ms)
        for _, key in over[:limit]:
            self.free(key)


@dataclass(slots=True)
class _Enqueue:
    """One enqueue of a task with a unique key."""

    model: "UniqueModel"
    new: NewTask
    asked: Asked

    def run(self) -> Enqueued:
        keys, now_ms, asked = self.model.keys, self.model.now_ms, self.asked
        holder = keys.holder_of(asked.key, now_ms)
        if holder is None and asked.only_if_held:
            return Status.UNKNOWN
        if holder is not None and asked.mode == "return":
            return Duplicate(holder.id)
        self.model.format = 3
        keys.lapse(now_ms, LAPSED_AT_ONCE)
        if holder is not None:
            _, successor = keys.successors.get(asked.key, (0, None))
            newest = successor or holder
            call = self.new.id.encode().hex()
            for reached in (newest, holder) if asked.mode == "debounce" else ():
                if reached.call == call:
                    return Duplicate(reached.id)
            if newest.place is Place.WAITING and asked.mode == "debounce":
                self._debounce(newest, call)
                return Duplicate(newest.id)
            if newest.place is Place.WAITING:
                digest = newest.record[:DIGEST_BYTES].encode()
                newest.end(0, digest + asked.outcome + packed(now_ms) + b"\xc0", now_ms, asked.retention_ms)
                if successor is None:
                    if keys.holders.get(asked.key):
                        keys.free(asked.key)
                    holder = None
        self._add(holder)
        return Status.CREATED

    def _debounce(self, task: KeyedTask, call: str) -> None:
        asked, run_at_ms = self.asked, moment_of(self.new.when, self.model.now_ms)
        if task.latest_ms:
            run_at_ms = min(run_at_ms, task.latest_ms)
        digest = task.record[:DIGEST_BYTES]
        task.record = digest + self.new.record[DIGEST_BYTES:].decode()
        task.tries, task.failures, task.call, task.scope = None, b"", call, self._scope()
        task.priority, task.run_at_ms = self.new.priority, run_at_ms
        task.take_traits(asked.others, self.model.now_ms)
        retention_ms, outcome = task.limits.expired
        task.limits.expired = (retention_ms, digest.encode() + outcome[DIGEST_BYTES:])
        if self.model.keys.is_successor(task):
            self.model.keys.successors[asked.key] = (run_at_ms, task)
            task.run_at_ms = LARGEST_RUN_AT_MS
        else:
            self.model.keys.lapsing.pop(asked.key, None)
        self.model.awake = True

    def _add(self, holder: KeyedTask | None) -> None:
        new, asked, model = self.new, self.asked, self.model
        run_at_ms = moment_of(new.when, model.now_ms)
        parked_ms = run_at_ms if holder is None else LARGEST_RUN_AT_MS
        latest_ms = model.now_ms + asked.most_ms if asked.most_ms else 0
        task = KeyedTask(
            new.id, new.record.decode(), new.priority, parked_ms,
            keys=model.keys, key=asked.key, scope=self._scope(), latest_ms=latest_ms,
        )  # fmt: skip
        task.take_traits(asked.others, model.now_ms)
        model.tasks[new.id] = task
        if holder is not None:
            model.keys.successors[asked.key] = (run_at_ms, task)
        else:
            model.keys.holders[asked.key] = task
            if task.scope.isdigit():
                model.keys.lapsing[asked.key] = int(task.scope)
        model.awake = True

    def _scope(self) -> str:
        scope = self.asked.scope
        return str(self.model.now_ms + int(scope)) if scope.startswith("+") else scope


class UniqueModel(Model):
    """The model of a queue some of whose tasks have unique keys."""

    def __init__(self, now_us: int) -> None:
        super().__init__(now_us)
        self.keys = Keys(self)

    def situation(self) -> Situation:
        return together(super().situation(), self.keys.situation())

    def enqueue(self, tasks: Sequence[NewTask]) -> list[Any]:
        return [self._enqueue_one(new) for new in tasks]

    def _enqueue_one(self, new: NewTask) -> Enqueued:
        asked = Asked.read(new.traits)
        if asked is None or new.id in self.tasks or moment_of(new.when, self.now_ms) > LARGEST_RUN_AT_MS:
            (status,) = super().enqueue([new._replace(traits=asked.others if asked else new.traits)])
            return status
        return _Enqueue(self, new, asked).run()

    def claim(self, request: ClaimRequest) -> Claim:
        claim = super().claim(request)
        for lease in claim.leases:
            task = self.tasks[lease.id]
            if isinstance(task, KeyedTask) and task.scope == "started":
                self.keys.leave(task)
                task.key = ""
        return claim

    def forget(self, limits: ForgetLimits) -> Forgotten:
        self.keys.lapse(self.now_ms, limits.limit)
        return super().forget(limits)
