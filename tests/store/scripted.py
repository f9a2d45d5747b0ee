"""Clients that answer from a list of replies and errors, and record the commands."""

import contextlib
from collections.abc import Iterable
from typing import Any

from redisched.errors import BrokerError
from redisched.store.operation import Command


class ScriptedClient:
    """Answers each command with the next reply; one that is an error is raised."""

    def __init__(self, replies: Iterable[Any]) -> None:
        self._replies = iter(replies)
        self.commands: list[Command] = []

    def perform(self, command: Command) -> Any:
        self.commands.append(command)
        reply = next(self._replies)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        replies: list[Any] = []
        with contextlib.suppress(BrokerError):
            replies.extend(self.perform(command) for command in commands)
        return replies


class ScriptedAsyncClient:
    """The same under asyncio."""

    def __init__(self, replies: Iterable[Any]) -> None:
        self._client = ScriptedClient(replies)
        self.commands = self._client.commands

    async def perform(self, command: Command) -> Any:
        return self._client.perform(command)

    async def perform_all(self, commands: Iterable[Command]) -> list[Any]:
        return self._client.perform_all(commands)
