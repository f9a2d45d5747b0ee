"""The machine of a queue, with tasks that have unique keys."""

from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import rule

from redisched.store.broker import Broker
from redisched.store.values import Bury, NewTask
from tests.chaos.machine import QueueMachine, ends, numbers, records
from tests.chaos.model_task import DIGEST_BYTES, Place
from tests.chaos.model_unique import UniqueModel
from tests.chaos.mutant import Mutant

UNIQUE_MUTANTS = {
    "a key is left behind at the end": Mutant("ack", "  if extras.has_keys then", "  if false then"),
    "a key is left behind by the cancelled": Mutant("cancel", "  if extras.has_keys then", "  if false then"),
    "a key is left behind by the dead": Mutant(
        "bury", "if format and redis.call('HLEN', UNIQUE) > 0 then", "if false then"
    ),
    "a key is left behind by the expired": Mutant("expire", "  if extras.has_keys then", "  if false then"),
    "the revived do not take their key": Mutant("revive", "    redis.call('HSET', UNIQUE, key, id)\n", ""),
    "the revived take a key that is held": Mutant("revive", "if holder_of(key, now_ms) then", "if false then"),
    "a key is not taken": Mutant("enqueue", "    redis.call('HSET', UNIQUE, key, id)\n", ""),
    "a key is held beyond the start": Mutant("claim", "  leave_key(id, traits)\n", ""),
    "what was given back asks for its key again": Mutant(
        "claim", "string.sub(string.gsub(' ' .. traits, UNIQUE_TRAIT, ' '), 2)", "traits"
    ),
    "a successor is lost": Mutant("ack", "  if not successor then\n", "  if true then\n"),
    "a successor waits for ever": Mutant("ack", "if score % BAND == PARKED then", "if false then"),
    "there are two successors": Mutant("enqueue", "local newest = successor or holder", "local newest = holder"),
    "a successor runs now": Mutant("reprioritize", "if key and successor_of(key) == id then", "if false then"),
    "a task is put off for too long": Mutant("enqueue", "if latest ~= '0' then", "if false then"),
    "a call counts twice": Mutant("enqueue", "if reached then", "if false then"),
    "an earlier shard adds a key that it does not have": Mutant(
        "enqueue", "if not holder and where ~= '' then", "if false then"
    ),
    "a key is held for longer": Mutant("enqueue", "return tonumber(until_ms) > now_ms", "return true"),
}

KEYS = ("c0ffee", "beef")
policies = st.sampled_from(
    [
        ("return", "+1000"),
        *((mode, scope) for mode in ("return", "replace", "debounce") for scope in ("done", "started")),
    ]
)
"""What a call does if its key is held, and how long it holds the key. Who replaces tasks holds no key for a time."""
keyed_tasks = st.tuples(
    st.sampled_from(KEYS),
    policies,
    st.sampled_from([0, 0, 1_000]),
    st.sampled_from(["+0", "+0", "+20", "+60000"]),
    st.sampled_from([b"", b"", b"expires=+1000 500 "]),
)
wheres = st.sampled_from(["", "", "", "?"])


class UniqueMachine(QueueMachine):
    """Every rule is one call of one edge."""

    broker: ClassVar[Broker]

    def __init__(self) -> None:
        super().__init__()
        self.model: UniqueModel = UniqueModel(self.time.now_us)

    @rule(keyed=keyed_tasks, where=wheres, record=records, end=ends, others=st.lists(keyed_tasks, max_size=1))
    def enqueue_keyed(self, keyed: Any, where: str, record: bytes, end: bytes, others: list[Any]) -> None:
        """Enqueue one or two tasks with keys in one call."""
        tasks = [
            self.new(f"u{len(self.calls)}-{at}", one, where, record, end) for at, one in enumerate([keyed, *others])
        ]
        self.call("enqueue", tasks)

    def new(self, id: str, keyed: Any, where: str, record: bytes, end: bytes) -> NewTask:
        """A new task with a key."""
        key, (mode, scope), most_ms, when, limits = keyed
        limits += record[:DIGEST_BYTES] + end if limits else b""
        traits = f"{where}unique={key} {scope} {mode} {most_ms} 500 {b'gone'.hex()} ".encode()
        return NewTask(id, 5, when, record, traits + limits)

    @rule(keyed=keyed_tasks, number=numbers)
    def enqueue_after_claim(self, keyed: Any, number: int) -> None:
        """Enqueue a task whose key may be held by a task that runs, which is rare else."""
        self.claim("w1", 3, 0, False)
        self.enqueue_keyed(keyed, "", b"digest-1body", b"end", [])

    @rule(key=st.sampled_from(KEYS), later_ms=st.sampled_from([1, 1_000]))
    def debounce_again(self, key: str, later_ms: int) -> None:
        """Repeat a debounce whose reply was lost, at once or after a claim."""
        call = self.new(f"u{len(self.calls)}", (key, ("debounce", "done"), 0, "+500", b""), "", b"digest-1body", b"end")
        self.call("enqueue", [call])
        self.let_time_pass(later_ms)
        self.claim("w1", 1, 0, False)
        self.call("enqueue", [call])

    @rule(number=numbers)
    def bury_live(self, number: int) -> None:
        """Let a task die, so that there are dead tasks to revive."""
        if self.model.at(Place.LEASED):
            id = self.pick(number % 8, Place.LEASED)
            self.call("bury", [Bury(id, self.model.tasks[id].token, b"boom")])


def unique_machine_on(broker: Broker) -> type[UniqueMachine]:
    """The machine of one broker."""

    class UniqueMachineOnBroker(UniqueMachine):
        pass

    UniqueMachineOnBroker.broker = broker
    return UniqueMachineOnBroker
