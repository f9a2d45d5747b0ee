"""Shows how far a command has come that acts on many tasks, and what is done if it is interrupted."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic

import click

from redisched.cli.exit_codes import INTERRUPTED
from redisched.cli.terminal import clear_status, show_status
from redisched.client.connection import Connection
from redisched.client.verbs import O_co, Verb
from redisched.counted import counted
from redisched.model import TaskState
from redisched.store.operation import Operation
from redisched.store.store import Store
from redisched.store.view import TaskView


@dataclass(slots=True)
class CountingVerb(Generic[O_co]):
    """A verb, and the number of tasks that it has been given."""

    verb: Verb[O_co]
    given: int = 0

    @property
    def states(self) -> Collection[TaskState]:
        return self.verb.states

    def act(self, connection: Connection, store: Store, views: Sequence[TaskView]) -> Operation[Sequence[O_co | None]]:
        outcomes = yield from self.verb.act(connection, store, views)
        self.given += len(views)
        show_status(counted(self.given, "task"))
        return outcomes


@contextmanager
def showing_progress(verb: Verb[O_co]) -> Iterator[CountingVerb[O_co]]:
    """The verb to use in the block. On a terminal, a line on stderr says how many tasks it has been given."""
    counting = CountingVerb(verb)
    try:
        yield counting
    except KeyboardInterrupt:
        done = counted(counting.given, "task")
        click.echo(f"\nInterrupted after {done}. The same command goes on with the others.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from None
    finally:
        if counting.given:
            clear_status()
