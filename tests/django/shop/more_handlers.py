"""Handlers in a module that is not called `tasks`."""

from redisched.django import app


@app.task(name="elsewhere")
def elsewhere() -> None:
    """A handler that workers know because REDISCHED["IMPORTS"] names its module."""
