"""One command's hold on Redis: found, asked, and let go, so that no command leaves a server running."""

import contextlib
import os
from collections.abc import Callable, Iterator

import click

from redisched.cli.parameters import prefix_of_command
from redisched.client.connection import Connection
from redisched.client.scheduler import Scheduler
from redisched.config import Settings, url_from
from redisched.embedded import ServerUser, join_existing
from redisched.errors import BrokerRefused, BrokerUnavailable
from redisched.option_checks import check_id, check_queue
from redisched.printable import printable
from redisched.store.diagnosis import diagnose
from redisched.store.inspect import Inspector, find, queues
from redisched.store.operation import Operation, T, with_retries
from redisched.store.slots import THIS_NODE, SlotMap
from redisched.store.store import Store
from redisched.store.view import TaskView


class Session:
    """What commands do with the Redis of a URL."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = Connection(Settings(url=url, prefix=prefix_of_command()), None)
        self.scheduler = Scheduler(broker=self._connection.broker)

    def ask(self, make: Callable[[], Operation[T]]) -> T:
        """Run a replay-safe operation. Raises BrokerUnavailable when Redis does not answer in time."""
        return self._connection.run(with_retries(make, self._connection.retry_policy()), "ask")

    def check(self) -> None:
        """Raises BrokerRefused when Redis does not let us in; one that is away may come."""
        with contextlib.suppress(BrokerUnavailable), self.explaining():
            self.ask(_ping)

    @contextlib.contextmanager
    def explaining(self) -> Iterator[None]:
        """Raises BrokerRefused in place of BrokerUnavailable when Redis will never answer under this URL."""
        try:
            yield
        except BrokerUnavailable:
            address = self._connection.broker.address
            reason = None if address is None else diagnose(address)
            if reason is None:
                raise
            raise BrokerRefused("a connection", reason) from None

    def inspector(self, queue: str) -> Inspector:
        return Inspector(self._connection.broker.script_runner, queue)

    def store(self, queue: str, shard: int) -> Store:
        return self._connection.store(queue, shard)

    def slots(self) -> SlotMap | None:
        """Which node of a cluster serves which slots; None where there is no cluster."""
        return self.ask(_read_slot_map)

    def node_of(self, queue: str, shard: int, slots: SlotMap | None) -> str | None:
        """Which node of a cluster has a shard; None where nobody has, and where there is no cluster."""
        owner = None if slots is None else slots.owner_of_key(self.store(queue, shard).keys.waiting)
        return None if owner is None else str(owner)

    def queues(self, only: str | None) -> list[str]:
        """The queues to look at, sorted: all, or the one that was named, which has to be there."""
        if only is not None:
            check_queue("queue", only)
        known = self.ask(lambda: queues(self._connection.broker.script_runner))
        if only is None:
            return known
        if only not in known:
            names = ", ".join(map(printable, known)) or "none yet"
            raise click.ClickException(f"there is no queue {only!r}; there are: {names}")
        return [only]

    def find(self, task_id: str, queue: str | None) -> TaskView | None:
        """The task of an id, None for one that is unknown; an id in several queues needs the queue's name."""
        check_id("id", task_id)
        if queue is not None:
            inspector = self.inspector(check_queue("queue", queue))
            return self.ask(lambda: inspector.task(task_id))
        found = self.ask(lambda: find(self._connection.broker.script_runner, task_id))
        if len(found) > 1:
            names = ", ".join(printable(view.queue) for view in found)
            raise click.UsageError(f"id {task_id!r} is in the queues {names}; name one with --queue")
        return found[0] if found else None

    def close(self) -> None:
        self._connection.close()


def _ping() -> Operation[None]:
    yield ("PING",)


def _read_slot_map() -> Operation[SlotMap | None]:
    try:
        return SlotMap.read((yield ("CLUSTER", "SLOTS")), THIS_NODE)
    except BrokerRefused:
        return None


@contextlib.contextmanager
def session(url: str | None, find: Callable[[], ServerUser] | None = None) -> Iterator[Session]:
    """A session with the Redis of a URL, else of REDISCHED_URL, else of the project's embedded server, if it has one.

    The embedded server is joined for as long as the session lasts; `find` is how, by default so that none is made.
    """
    named = url if url is not None else url_from(os.environ)
    if named is not None:
        opened = Session(named)
        try:
            with opened.explaining():
                yield opened
        finally:
            opened.close()
    else:
        with (find or join_existing)() as user, session(user.url) as opened:
            yield opened
