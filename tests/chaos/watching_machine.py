"""The machine of a queue, with callers that wait for the ends of tasks and are told of each."""

from secrets import token_hex
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.watching import WATCH_MS, watch
from tests.chaos.focused_machine import FocusedMachine
from tests.chaos.machine import QUEUE
from tests.chaos.model_task import Place, Task
from tests.chaos.mutant import Mutant
from tests.lua.situation import situation_of

OTHER = "redisched:ends:not-heard"
LAST = b"the last message"
WATCHING_MUTANTS = {
    "an end does not publish": Mutant("ack", "redis.pcall('PUBLISH', channel, ids[index])", ""),
    "a dead task publishes nothing": Mutant("bury", "redis.pcall('PUBLISH', channel, ids[index])", ""),
    "an end leaves its watchers": Mutant("ack", "call_in_chunks('HDEL', WATCHED, ids)\n", "\n"),
    "a watcher takes the place of another": Mutant("watch", "other ~= channel and", "false and"),
    "an ended task is watched": Mutant("watch", "if place == 'waiting' or place == 'leased' then", "if true then"),
    **{
        f"{edge} ends a task and tells nobody": Mutant(edge, "  if is_watched then\n", "  if false then\n")
        for edge in ("cancel", "claim", "expire", "reap", "recover", "release", "retry", "snooze")
    },
    **{
        f"{edge} makes a task dead and tells nobody": Mutant(
            edge, "  if redis.call('HLEN', WATCHED) > 0 then\n", "  if false then\n"
        )
        for edge in ("claim", "expire", "reap", "recover", "retry", "snooze")
    },
}


class WatchingMachine(FocusedMachine):
    """Every rule is one call of one edge. At the end, all messages must be those of the tasks that ended."""

    broker: ClassVar[Broker]

    def __init__(self) -> None:
        super().__init__()
        # On a cluster, messages of the machine before may still be on their way to this node.
        self.channel = f"redisched:ends:{token_hex(8)}"
        self.subscription = self.broker.client().subscribe(self.channel)
        self.told: list[bytes] = []

    def matters(self, task: Task) -> bool:
        return bool(task.watchers)

    def on_first_lease(self, task: Task) -> None:
        self.note(task.id, self.channel)

    @rule(number=st.integers(0, 9), place=st.sampled_from([Place.WAITING, Place.LEASED, Place.DEAD, Place.ENDED]))
    def watch(self, number: int, place: Place) -> None:
        self.note(self.pick(number, place), self.channel)

    @rule(number=st.integers(0, 7), place=st.sampled_from([Place.WAITING, Place.LEASED]))
    def watch_elsewhere(self, number: int, place: Place) -> None:
        self.note(self.pick(number, place), OTHER)

    def note(self, id: str, channel: str) -> None:
        """Note a watcher in the queue and in the model."""
        run(watch(self.broker.script_runner, QUEUE, 0, channel, [id]), self.broker.client())
        task = self.model.tasks.get(id)
        if task is not None and task.place in (Place.WAITING, Place.LEASED):
            now_ms = self.model.now_ms
            others = [known.split() for known in task.watchers]
            left = [f"{until} {name}" for until, name in others if name != channel and int(until) > now_ms]
            task.watchers = [f"{now_ms + WATCH_MS} {channel}", *left]
        self.situation = situation_of(self.broker, QUEUE)
        assert self.situation == self.model.situation()

    @invariant()
    def ends_are_told(self) -> None:
        for task in self.model.tasks.values():
            if task.place in (Place.DEAD, Place.ENDED):
                self.told += [task.id.encode() for known in task.watchers if known.endswith(f" {self.channel}")]
                task.watchers = []

    def teardown(self) -> None:
        try:
            # On a cluster, only messages of one node arrive in order, so the node of the shard publishes this one, too.
            publish = "return redis.call('PUBLISH', ARGV[1], ARGV[2])"
            self.broker.client().perform(("EVAL", publish, 1, self.store.keys.watched, self.channel, LAST))
            heard: list[bytes] = []
            while (message := self.subscription.read(10)) != LAST:
                assert message is not None, "the last message is lost"
                heard.append(message)
        finally:
            self.subscription.close()
        assert sorted(heard) == sorted(self.told), "not every end was told, or something else was"


def watching_machine_on(broker: Broker) -> type[WatchingMachine]:
    """The machine of one broker."""

    class WatchingMachineOnBroker(WatchingMachine):
        pass

    WatchingMachineOnBroker.broker = broker
    return WatchingMachineOnBroker
