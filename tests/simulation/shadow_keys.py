"""What the referee knows of unique keys: which task holds a key, according to all answers so far."""

from collections.abc import Iterable

from tests.chaos.model_unique import Asked
from tests.simulation.shadow import Shadow


def take_traits(task: Shadow, traits: bytes) -> bytes:
    """Note the unique key of a new task. Answers its other traits."""
    asked = Asked.read(traits)
    if asked is None:
        return traits
    task.key, task.key_until_started = asked.key, asked.scope == "started"
    return asked.others


def expected_of_new(traits: bytes, tasks: Iterable[Shadow], status: bytes) -> bytes:
    """What the enqueue of a task must answer whose id is not known: whether another task holds its key. Answers
    `status` where only the server knows.
    """
    asked = Asked.read(traits)
    holders = [task for task in tasks if asked and task.key == asked.key and task.lives]
    if any(task.is_waiting and task.may_have_expired for task in holders):
        return status
    return b"DUPLICATE " + holders[0].id if holders else b"CREATED"
