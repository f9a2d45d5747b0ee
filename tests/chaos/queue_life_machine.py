"""The machine of a queue that is paused and resumed, of which tasks are deleted, and which is removed once empty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import rule

from redisched.store.broker import Broker
from redisched.store.deleting import delete_tasks
from redisched.store.operation import Operation
from redisched.store.pausing import QueuePause, pause_shard, resume_shard
from redisched.store.removing import remove_shard
from redisched.store.store import Store
from redisched.store.values import Claim, ClaimRequest, Status
from tests.chaos.begun_machine import BegunMachine
from tests.chaos.machine import QUEUE, places, some_numbers
from tests.chaos.model import Model
from tests.chaos.model_task import Place
from tests.chaos.mutant import Mutant
from tests.lua.situation import Situation

QUEUE_LIFE_MUTANTS = {
    "a claim does not look at the flag": Mutant(
        "claim", "if until_ms then\n    return answer_nothing", "if false then\n    return answer_nothing"
    ),
    "a claim that has tasks forgets the flag": Mutant(
        "claim", "if format and not is_repeated then", "if format and not previous then"
    ),
    "a claim from before the pause is refused": Mutant("claim", "if format and not is_repeated then", "if format then"),
    "a pause does not end by itself": Mutant("claim", "tonumber(until_ms) > now_ms and until_ms", "until_ms"),
    "a pause ends at once": Mutant("claim", "if until_ms == '0' then", "if false then"),
    "a paused shard keeps its workers awake": Mutant("claim", "if due ~= text(now_ms) then", "if false then"),
    "a pause lets earlier versions in": Mutant("pause", "need_format(4)\n", "\n"),
    "a second pause is not noted": Mutant("pause", "redis.call('SET', PAUSED, pause)", "redis.call('GET', PAUSED)"),
    "a task is deleted under its worker": Mutant(
        "delete", "if redis.call('HEXISTS', HELD, id) == 1 then", "if false then"
    ),
    "what is deleted goes on waiting": Mutant("delete", "    redis.call('ZREM', WAITING, id)\n", ""),
    "what is deleted leaves its traits": Mutant("delete", "format and TRAITS or nil", "nil"),
    "what has ended is known for longer": Mutant("delete", "% BAND > tonumber(forgotten)", "% BAND > 0"),
    "what has ended is not forgotten sooner": Mutant("delete", "tonumber(forget_at) % BAND", "tonumber(forget_at)"),
    "a queue that has tasks is removed": Mutant("remove", "redis.call('HLEN', TASKS) + ", ""),
    "a removed queue is still paused": Mutant("remove", "BARRIER, PAUSED, FORMAT}", "BARRIER, FORMAT}"),
    "resume leaves the flag": Mutant("resume", "redis.call('DEL', PAUSED)\n", "\n"),
    "resume wakes nobody": Mutant("resume", "wake_one()\nredis.call('DEL'", "redis.call('DEL'"),
}

durations_ms = st.sampled_from([None, None, 1, 1_000, 60_000])


class QueueLifeStore(Store):
    """The edges of a shard, pausing among them."""

    def pause(self, wanted: QueuePause) -> Operation[Status]:
        return pause_shard(self._script_runner, self.queue, self.shard, wanted)

    def delete(self, retention_ms: int, outcomes: Sequence[tuple[str, bytes]]) -> Operation[list[Status]]:
        return delete_tasks(self._script_runner, self.queue, self.shard, retention_ms, outcomes)

    def remove(self) -> Operation[Status]:
        return remove_shard(self._script_runner, self.queue, self.shard)

    def resume(self) -> Operation[Status]:
        return resume_shard(self._script_runner, self.queue, self.shard)


@dataclass(slots=True)
class QueueLifeModel(Model):
    """A queue that may be paused."""

    paused: QueuePause | None = None

    def situation(self) -> Situation:
        whole = Model.situation(self)
        return whole if self.paused is None else whole | {"paused": self.paused.stored()}

    def pause(self, wanted: QueuePause) -> Status:
        self.paused, self.format = wanted, 4
        return Status.PAUSED

    def resume(self) -> Status:
        if self.paused is None:
            return Status.ALREADY
        self.paused, self.awake = None, True
        return Status.RESUMED

    def remove(self) -> Status:
        if any(task.place is not Place.ENDED for task in self.tasks.values()):
            return Status.NOT_EMPTY
        self.tasks.clear()
        self.claims.clear()
        self.fence, self.awake, self.reaper, self.format, self.paused = 0, False, None, 0, None
        return Status.REMOVED

    def delete(self, retention_ms: int, outcomes: Sequence[tuple[str, bytes]]) -> list[Status]:
        return [self._delete(id, retention_ms, outcome) for id, outcome in outcomes]

    def _delete(self, id: str, retention_ms: int, outcome: bytes) -> Status:
        task = self.tasks.get(id)
        if task is None:
            return Status.UNKNOWN
        if task.place is Place.LEASED:
            return Status.LEASED
        until_ms = self.now_ms + retention_ms
        if task.place is not Place.ENDED:
            task.cancellation = retention_ms, outcome
            task.end_if_cancelling(self.now_ms)
        elif task.until_ms > until_ms:
            task.until_ms, task.is_spare = until_ms, False
        return Status.DELETED

    def claim(self, request: ClaimRequest) -> Claim:
        nonce = self.claims.get(request.worker, ("", 0, []))[0]
        is_older = nonce and int(request.nonce[1:]) <= int(nonce[1:])
        if self.paused is None or self.paused.is_over(self.now_ms) or is_older:
            return Model.claim(self, request)
        self.awake = False
        self.claims.pop(request.worker, None)
        return Claim(self.now_us, self.paused.until_ms, [], is_paused=True)


class QueueLifeMachine(BegunMachine):
    """Every rule is one call of one edge."""

    broker: ClassVar[Broker]

    def __init__(self) -> None:
        super().__init__()
        self.store = QueueLifeStore(self.broker.script_runner, QUEUE)
        self.model: QueueLifeModel = QueueLifeModel(self.time.now_us)

    @rule(duration_ms=durations_ms, worker=st.sampled_from(["w1", "w2"]))
    def pause(self, duration_ms: int | None, worker: str) -> None:
        """Pause the queue, and let a worker claim before and after that."""
        now_ms = self.time.now_ms
        self.claim(worker, 1, 0, woken=False)
        until_ms = None if duration_ms is None else now_ms + duration_ms
        self.call("pause", QueuePause(since_ms=now_ms, until_ms=until_ms, by="ann@desk"))
        self.claim_again(worker)
        self.claim(worker, 2, 1, woken=True)

    @rule(numbers=some_numbers, place=places, retention_ms=st.sampled_from([500, 15_000]))
    def delete(self, numbers: list[int], place: Place, retention_ms: int) -> None:
        self.call("delete", retention_ms, [(self.pick(number, place), b"gone") for number in numbers])

    @rule()
    def remove(self) -> None:
        """Remove the queue, once with whatever tasks it has and once with those alone that workers have."""
        self.call("remove")
        self.call("delete", 500, [(id, b"gone") for id in self.model.tasks])
        if self.call("remove") is Status.REMOVED:
            # It is a new queue now. If the clock was set back, it begins with lower tokens.
            self.tokens.clear()

    @rule(worker=st.sampled_from(["w1", "w2"]))
    def outlast_a_pause(self, worker: str) -> None:
        """Pause the queue for a moment, and let a worker claim when that is over."""
        self.pause(1_000, worker)
        self.let_time_pass(1_000)
        self.claim(worker, 2, 1, woken=False)

    @rule(worker=st.sampled_from(["w1", "w2"]))
    def resume(self, worker: str) -> None:
        """Resume the queue, and let a worker claim after that."""
        self.call("resume")
        self.claim(worker, 2, 1, woken=False)


def queue_life_machine_on(broker: Broker) -> type[QueueLifeMachine]:
    """The machine of one broker."""

    class QueueLifeMachineOnBroker(QueueLifeMachine):
        pass

    QueueLifeMachineOnBroker.broker = broker
    return QueueLifeMachineOnBroker
