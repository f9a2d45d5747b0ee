"""Sends commands to single servers of a topology, and waits until the servers agree on its state."""

import contextlib
from collections.abc import Callable
from typing import Any

from redisched.chaos.server import Server
from redisched.embedded.polling import poll_until
from redisched.store.broker import connect
from redisched.store.operation import Argument, Command

COMMAND_S = 2.0
AGREE_S = 90.0
PROMPT_REPLICATION = ("--repl-diskless-sync-delay", "0", "--shutdown-timeout", "0")
"""Server arguments: a replica starts to copy at once, and a server shuts down at once, without waiting for replicas."""


def perform(server: Server, *command: Argument) -> Any:
    """Perform one command on a server over a new connection, and return the reply."""
    words: Command = command
    with contextlib.closing(connect(server.url, COMMAND_S).open_client("test")) as client:
        return client.perform(words)


def wait_for_agreement(condition: Callable[[], bool], description: str) -> None:
    """Return when `condition` is true. Raises TimeoutError with the `description` if it is not within AGREE_S."""
    if not poll_until(condition, AGREE_S):
        raise TimeoutError(f"after {AGREE_S:g} s it is still not so that {description}")


def pairs(told: list[bytes]) -> dict[str, str]:
    """A dict from a reply that lists names and values in turn."""
    words = [word.decode() for word in told]
    return dict(zip(words[::2], words[1::2], strict=True))
