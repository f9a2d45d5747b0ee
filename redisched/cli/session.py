"""The connection of one command to Redis.

It is closed when the command ends, so that no command keeps an embedded server running.
"""

import contextlib
import os
from collections.abc import Callable, Iterator

import click

from redisched.cli.parameters import prefix_of_command
from redisched.client import queue_verbs
from redisched.client.connection import Connection
from redisched.client.following import FollowedTask
from redisched.client.scheduler import Scheduler
from redisched.client.selecting import Change, O, Source
from redisched.client.verbs import Verb
from redisched.config import EMBEDDED_VARIABLE, Settings, may_embed, url_from
from redisched.embedded import ServerUser, join_existing
from redisched.errors import BrokerRefused, BrokerUnavailable, NoServer
from redisched.explain.explanation import Explanation
from redisched.explain.reading import explained
from redisched.keys import PREFIX
from redisched.option_checks import check_id, check_queue
from redisched.printable import printable
from redisched.store.diagnosis import diagnose
from redisched.store.inspect import Inspector, find, queues
from redisched.store.operation import Operation, ScriptRunner, T, with_retries
from redisched.store.reported import Reported
from redisched.store.slots import THIS_NODE, SlotMap
from redisched.store.store import Store
from redisched.store.view import QueueCounts, TaskView


class Session:
    """The operations that commands run on the Redis of a URL."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = Connection(Settings(url=url, prefix=prefix_of_command()), None)
        self.scheduler = Scheduler(broker=self._connection.broker)

    def ask(self, make: Callable[[], Operation[T]]) -> T:
        """Run an operation that is safe to repeat. Raises BrokerUnavailable if Redis does not answer in time."""
        return self._connection.run(with_retries(make, self._connection.retry_policy()), "ask")

    def act(self, source: Source, verb: Verb[O]) -> list[Change[O]]:
        """Act on tasks, step by step. Raises BrokerUnavailable if Redis does not answer one of the steps in time."""
        return self._connection.run(source.apply(self._connection, verb), "act")

    def drain(self, queue: str, timeout_s: float | None, on_look: Callable[[QueueCounts], None]) -> QueueCounts:
        """Wait until a queue is worked off. `on_look` is given each count meanwhile. Raises DrainTimeout."""
        return self._connection.run(queue_verbs.drain(self._connection, queue, timeout_s, on_look), "drain")

    def check(self) -> str:
        """Why Redis does not answer yet, "" if it does. Raises BrokerRefused if Redis refuses the connection."""
        try:
            with self.explaining():
                self.ask(_ping)
        except BrokerUnavailable as error:
            return error.reason
        return ""

    @contextlib.contextmanager
    def explaining(self) -> Iterator[None]:
        """Raises BrokerRefused in place of BrokerUnavailable if retrying cannot help.

        That is so, for example, if only one side uses TLS.
        """
        try:
            yield
        except BrokerUnavailable:
            address = self._connection.broker.address
            reason = None if address is None else diagnose(address)
            if reason is None:
                raise
            raise BrokerRefused("a connection", reason) from None

    @property
    def place(self) -> str:
        """Return where this Redis is, for people: without passwords, and with a prefix that is not the usual one."""
        broker = self._connection.broker
        prefix = broker.script_runner.prefix
        return str(broker.address) + (f" {prefix}" if prefix != PREFIX else "")

    @property
    def script_runner(self) -> ScriptRunner:
        """What runs the scripts of operations."""
        return self._connection.broker.script_runner

    def inspector(self, queue: str) -> Inspector:
        return Inspector(self.script_runner, queue)

    def store(self, queue: str, shard: int) -> Store:
        return self._connection.store(queue, shard)

    def slots(self) -> SlotMap | None:
        """Return which node of a cluster serves which slots; None if it is no cluster."""
        return self.ask(_read_slot_map)

    def node_of(self, queue: str, shard: int, slots: SlotMap | None) -> str | None:
        """Return the cluster node that has a shard; None if no node has it, or it is no cluster."""
        owner = None if slots is None else slots.owner_of_key(self.store(queue, shard).keys.waiting)
        return None if owner is None else str(owner)

    def queues(self, only: str | None) -> list[str]:
        """Return all queues, sorted, or only the queue `only`. Raises ClickException if that queue does not exist."""
        if only is not None:
            check_queue("queue", only)
        known = self.ask(lambda: queues(self.script_runner))
        if only is None:
            return known
        if only not in known:
            names = ", ".join(map(printable, known)) or "none yet"
            raise click.ClickException(f"there is no queue {only!r}; there are: {names}")
        return [only]

    def find(self, task_id: str, queue: str | None) -> TaskView | None:
        """Return the task with an id, None if it is unknown. Raises UsageError if several queues have it."""
        check_id("id", task_id)
        if queue is not None:
            inspector = self.inspector(check_queue("queue", queue))
            return self.ask(lambda: inspector.task(task_id))
        found = self.ask(lambda: find(self.script_runner, task_id))
        if len(found) > 1:
            names = ", ".join(printable(view.queue) for view in found)
            raise click.UsageError(f"id {task_id!r} is in the queues {names}; name one with --queue")
        return found[0] if found else None

    def explain(self, view: TaskView) -> Explanation:
        """Return why a task does not run."""
        runner = self._connection.broker.script_runner
        return self.ask(lambda: explained(runner, view))

    def follow(self, view: TaskView) -> FollowedTask:
        """Begin to follow a task."""
        return FollowedTask(self._connection, view)

    def next_change(self, followed: FollowedTask) -> Reported:
        """Wait for the next change of a task. Raises BrokerUnavailable, after which it may be called again."""
        return self._connection.run(followed.next_change(), "next_change")

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
    """Open a session with the Redis of `url`, else of REDISCHED_URL, else with the project's embedded server.

    `find` joins the embedded server, which is left when the session ends. The default raises NoServer if the project
    never had an embedded server. With any, it is raised if REDISCHED_EMBEDDED says that there shall be none.
    """
    named = url if url is not None else url_from(os.environ)
    if named is None and not may_embed(os.environ):
        raise NoServer(f"have the project's own server: {EMBEDDED_VARIABLE}=1")
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
