"""The backend of redisched in place of two that Django's tests are about."""

from collections.abc import Mapping, Sequence
from typing import Any

from redisched.django.backend import RedischedBackend
from redisched.django.task_interface import Task, TaskResult
from redisched.testing.in_use import IN_USE


class DummyBackend(RedischedBackend):
    """Only stores, as no worker runs. Knows what it stored, as the tests ask for that."""

    def __init__(self, alias: str, params: Mapping[str, Any]) -> None:
        super().__init__(alias, params)
        self.results: list[TaskResult] = []

    def enqueue(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
        """Enqueue and remember."""
        self.results.append(super().enqueue(task, args, kwargs))
        return self.results[-1]

    async def aenqueue(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
        """As `enqueue`."""
        self.results.append(await super().aenqueue(task, args, kwargs))
        return self.results[-1]

    def clear(self) -> None:
        """Forget what was stored so far."""
        self.results.clear()


class ImmediateBackend(RedischedBackend):
    """Has a worker run each task before the call returns."""

    def enqueue(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
        """Enqueue and run."""
        return _ended(super().enqueue(task, args, kwargs))

    async def aenqueue(self, task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> TaskResult:
        """As `enqueue`."""
        return _ended(await super().aenqueue(task, args, kwargs))


def _ended(result: TaskResult) -> TaskResult:
    (worker,) = IN_USE
    worker.run_until_idle()  # type: ignore[attr-defined]
    result.refresh()
    return result
