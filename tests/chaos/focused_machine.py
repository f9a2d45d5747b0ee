"""The machine of random calls, aimed at the tasks that one part of the queue is about.

Few tasks of random calls have, say, a checkpoint, and few calls end just these.
"""

from abc import abstractmethod
from typing import ClassVar

from redisched.store.broker import Broker
from tests.chaos.begun_machine import BegunMachine
from tests.chaos.model_task import Place, Task


class FocusedMachine(BegunMachine):
    """Every rule is one call of one edge, half of them for a task that matters, where one is."""

    broker: ClassVar[Broker]

    @abstractmethod
    def matters(self, task: Task) -> bool:
        """Whether this part of the queue holds something of the task."""

    def pick(self, number: int, place: Place) -> str:
        there = [task.id for task in self.model.at(place) if self.matters(task)]
        return there[number // 2 % len(there)] if there and number % 2 else super().pick(number, place)
