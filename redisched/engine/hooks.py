"""What the executor calls of the other parts of a worker."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from redisched.engine.attempt import Attempt
from redisched.engine.checkpoints import CheckpointSaver
from redisched.engine.completion import Completion
from redisched.engine.reporter import Reporter


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """`note_start` stores that a task starts, and answers False if it must not. `checkpoints` saves how far handlers
    have come, and `reporter` sends what they tell.
    """

    on_completion: Callable[[Completion], None]
    on_free: Callable[[], None]
    note_start: Callable[[Attempt], Awaitable[bool]]
    checkpoints: CheckpointSaver
    reporter: Reporter
