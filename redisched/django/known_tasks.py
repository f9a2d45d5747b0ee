"""The tasks that the imported modules of a project have made with Django's `@task`, by the paths of their functions."""

from redisched.django.task_interface import Task

_TASKS: dict[str, Task] = {}


def remember(task: Task) -> Task:
    """Know a task from now on; answers the one that was known first, with which its function was decorated."""
    return _TASKS.setdefault(task.module_path, task)


def task_named(path: str) -> Task | None:
    """The task of a function, None if no imported module has one."""
    return _TASKS.get(path)
