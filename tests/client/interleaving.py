"""Executes operations of several clients step by step in any order. Replies can be lost, and requests arrive late."""

from collections.abc import Generator, Sequence
from enum import StrEnum
from typing import Any

from redisched.errors import BrokerError, BrokerUnavailable
from redisched.store.broker import Broker
from redisched.store.operation import Command, Operation, Step


class Fate(StrEnum):
    """What becomes of a request."""

    ANSWERED = "answered"
    REPLY_LOST = "carried out, but its reply is lost"
    LATE = "given up, and carried out at some later time"


class Interleaving:
    """Runs operations to their ends, one step of one of them at a time."""

    def __init__(self, broker: Broker, operations: Sequence[Operation[Any]]) -> None:
        self._client = broker.client()
        self._operations: dict[int, Generator[Step, Any, Any]] = dict(enumerate(operations))
        self._steps = {number: operation.send(None) for number, operation in self._operations.items()}
        self._late: list[Command] = []
        self.results: dict[int, Any] = {}

    def run(self, schedule: Sequence[tuple[int, Fate]]) -> None:
        """Follow a schedule of operations and fates, then let all end, and what is late arrive."""
        for number, fate in schedule:
            if number in self._operations:
                self._step(number, fate)
            elif self._late:
                self._client.perform(self._late.pop(0))
        while self._operations:
            for number in list(self._operations):
                self._step(number, Fate.ANSWERED)
        for command in self._late:
            self._client.perform(command)

    def _step(self, number: int, fate: Fate) -> None:
        operation, step = self._operations[number], self._steps[number]
        try:
            self._steps[number] = (
                self._answer(operation, step, fate) if isinstance(step, tuple) else operation.send(None)
            )
        except StopIteration as stop:
            del self._operations[number]
            self.results[number] = stop.value

    def _answer(self, operation: Generator[Step, Any, Any], command: Command, fate: Fate) -> Step:
        if fate is Fate.LATE:
            self._late.append(command)
            return operation.throw(BrokerUnavailable("given up", 0.0))
        try:
            reply = self._client.perform(command)
        except BrokerError as error:
            return operation.throw(error)
        if fate is Fate.REPLY_LOST:
            return operation.throw(BrokerUnavailable("reply lost", 0.0))
        return operation.send(reply)
