"""Commands to single servers of a topology, and waiting until they agree."""

import contextlib
from collections.abc import Callable
from typing import Any

from redisched.chaos.server import Server
from redisched.embedded.polling import poll_until
from redisched.store.broker import connect
from redisched.store.operation import Argument, Command

COMMAND_S = 2.0
AGREE_S = 40.0
PROMPT_REPLICATION = ("--repl-diskless-sync-delay", "0", "--shutdown-timeout", "0")
"""Arguments that let a replica follow, and a server end, without waiting for others that may come."""


def perform(server: Server, *command: Argument) -> Any:
    """Perform one command on a server, on a connection of its own."""
    words: Command = command
    with contextlib.closing(connect(server.url, COMMAND_S).open_client("test")) as client:
        return client.perform(words)


def wait_for_agreement(condition: Callable[[], bool], description: str) -> None:
    """Return when servers have come to what is described. Raises TimeoutError when they do not."""
    if not poll_until(condition, AGREE_S):
        raise TimeoutError(f"after {AGREE_S:g} s it is still not so that {description}")


def pairs(told: list[bytes]) -> dict[str, str]:
    """Names and values, which servers tell in turn."""
    words = [word.decode() for word in told]
    return dict(zip(words[::2], words[1::2], strict=True))
