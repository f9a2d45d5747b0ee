"""Declares the schedules of an application, and fires their slots in virtual time: each at its moment, none ahead."""

from collections.abc import Collection
from contextvars import copy_context

from redisched.client.scheduler import Scheduler
from redisched.engine.schedule_declarer import ScheduleDeclarer
from redisched.engine.schedule_firer import ScheduleFirer
from redisched.engine.worker_context import WorkerContext
from redisched.errors import InvalidOption
from redisched.registry import Registry
from redisched.schedules.declaration import Declarations
from redisched.store.operation import run
from redisched.store.schedule_store import next_slots
from redisched.store.store import Store
from redisched.store.survey import in_calls
from redisched.testing.claiming import TaskSource
from redisched.testing.servers import BlockingAsyncClient, VirtualBroker
from redisched.testing.virtual_loop import VirtualLoops


class SlotSource:
    """The schedules of one test: those that the code declares, and those that it adds. No event loop may run in this
    thread.
    """

    def __init__(
        self,
        app: Scheduler,
        declarations: Declarations,
        broker: VirtualBroker,
        context: WorkerContext,
        loops: VirtualLoops,
        tasks: TaskSource,
    ) -> None:
        self._client = broker.client()
        client = BlockingAsyncClient(self._client)
        self._declarations = declarations
        self._broker = broker
        self._loops = loops
        self._tasks = tasks
        self._firer = ScheduleFirer(context, broker, client)
        self._declarer = ScheduleDeclarer(context, broker, client, app.name, declarations, lambda: None)
        self._has_declared = False
        self.next_ms: int | None = None
        """The next slot that is not due yet, in milliseconds of the server's time; None if there is none."""

    def declare(self) -> None:
        """Declare what the code declares now, as a worker does that starts."""
        queues = self._declarations.queues()
        if queues or self._has_declared:
            self._has_declared = True
            self._loops.run(self._declarer.step(), copy_context())

    def fire(self, until_ms: int) -> bool:
        """Fire what is due now in the shards that have a slot up to a moment, and note when the next one is due if
        nothing is. Answers whether any schedule has gone on. Slots that come while handlers run are left to the next
        call, so that this ends however long handlers take.
        """
        due = [store for store, slot_ms in self._look().items() if slot_ms <= until_ms]
        fired = [self._loops.run(self._firer.fire_shard(store, 0), copy_context()) for store in due]
        return any(fired)

    def _look(self) -> dict[Store, int]:
        """The first slot of each shard that has due ones."""
        due: dict[Store, int] = {}
        later: list[int] = []
        for stores in in_calls(self._tasks.stores(), self._broker.group_of):
            now_ms, slots = run(next_slots(self._broker.script_runner, stores), self._client)
            due |= {store: slot_ms for store, slot_ms in slots.items() if slot_ms <= now_ms}
            later += [slot_ms for slot_ms in slots.values() if slot_ms > now_ms]
        self.next_ms = min(later, default=None)
        return due


def chosen(registry: Registry, names: Collection[str] | None) -> Declarations:
    """The schedules of the code with these names; None means all, also those that are declared later.

    Raises InvalidOption for a name that none has, and for what is no collection of names.
    """
    if names is None:
        return registry.schedules
    if not isinstance(names, Collection):
        raise InvalidOption("schedules", names, "names of schedules of the application; None for all")
    found = Declarations()
    known = {declaration.name: declaration for declaration in registry.schedules}
    for name in (names,) if isinstance(names, str) else names:
        if not isinstance(name, str) or name not in known:
            there_are = ", ".join(known) or "none"
            raise InvalidOption(
                "schedules", name, f"names of schedules of the application, of which there are: {there_are}"
            )
        found.add(known[name])
    return found
