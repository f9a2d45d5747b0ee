"""Decorators with which an application's code declares schedules of its handlers."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, Unpack, overload

from redisched.client.connection import Connection
from redisched.client.handler import AsyncHandler, Handler, P, R, SyncHandler
from redisched.client.schedule_fields import ScheduleFields
from redisched.config import Settings
from redisched.errors import InvalidOption
from redisched.lazy import LazyModule
from redisched.registry import Registry
from redisched.schedules.declaration import Declaration

if TYPE_CHECKING:
    from redisched.client import schedule_calls, scheduling
    from redisched.client.schedule_calls import ScheduleCalls
    from redisched.schedules import definition as definitions
else:
    schedule_calls = LazyModule("redisched.client.schedule_calls")
    scheduling = LazyModule("redisched.client.scheduling")
    definitions = LazyModule("redisched.schedules.definition")

_SUCH_AS = {
    "cron": '@app.cron("0 3 * * *")',
    "every": '@app.every("90s")',
    "at": "@app.at(datetime(2030, 1, 31, 9, tzinfo=UTC))",
}
H = TypeVar("H", bound=Handler[Any, Any])


class ScheduleDecorator(Protocol):
    """Declares a schedule of a handler, and answers the handler; turns a plain function into a handler first."""

    # A handler can be called like a function, and a coroutine function is one: the first overload that fits holds.
    @overload
    def __call__(self, handler: H, /) -> H: ...  # type: ignore[overload-overlap]

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, function: Callable[P, Coroutine[Any, Any, R]], /
    ) -> AsyncHandler[P, R]: ...

    @overload
    def __call__(self, function: Callable[P, R], /) -> SyncHandler[P, R]: ...


class ScheduleRegistration:
    """The part of the Scheduler with which schedules are declared. Each decorator stands above `@app.task`, and several
    may stand on one handler. Workers declare the schedules in Redis when they start. The name of a schedule is that of
    its handler, with #2 for its second one, unless it is given. Raises InvalidOption and InvalidArguments.
    """

    registry: Registry
    settings: Settings
    _connection: Connection
    _module: str

    @property
    def name(self) -> str:
        """The name under which the code declares schedules."""
        return self.settings.application or self._module or "__main__"

    @property
    def schedules(self) -> "ScheduleCalls":
        """Adds, changes, pauses, resumes, runs, removes and lists schedules in Redis."""
        return schedule_calls.ScheduleCalls(self, self._connection)  # type: ignore[arg-type]

    def cron(self, expression: str, /, *, tz: str | None = None, **fields: Unpack[ScheduleFields]) -> ScheduleDecorator:
        """Enqueue a task whenever a cron expression, such as "0 3 * * *", matches the time in `tz`, UTC by default."""
        return self._declaring({"cron": expression, "tz": tz}, dict(fields))

    def every(
        self,
        interval: float | timedelta | str,
        /,
        *,
        anchor: datetime | float | None = None,
        **fields: Unpack[ScheduleFields],
    ) -> ScheduleDecorator:
        """Enqueue a task every so many seconds, or every "90s", counted from `anchor`, 1970 by default."""
        return self._declaring({"every": interval, "anchor": anchor}, dict(fields))

    def at(self, moment: datetime | float, /, **fields: Unpack[ScheduleFields]) -> ScheduleDecorator:
        """Enqueue one task, at a moment. Nothing is enqueued if that is over when the schedule is declared."""
        return self._declaring({"at": moment}, dict(fields))

    def task(self, function: Callable[..., Any], /) -> Any:
        """Register a function as a handler."""
        raise NotImplementedError

    def _declaring(self, timetable: Mapping[str, Any], fields: dict[str, Any]) -> ScheduleDecorator:
        option, value = next(iter(timetable.items()))
        if callable(value):
            # A handler: the decorator stands above it without its parentheses.
            raise InvalidOption(
                option, value, f"in parentheses what @app.{option}(...) says, such as {_SUCH_AS[option]}"
            )
        name, args, kwargs = (fields.pop(field, None) for field in ("name", "args", "kwargs"))
        if name is not None:
            definitions.check_schedule_name("name", name)

        def declare(function: Any) -> Any:
            handler = function if isinstance(function, Handler) else self.task(function)
            given = scheduling.Given(handler=handler.name, args=args, kwargs=kwargs, options={**timetable, **fields})
            queue, definition = scheduling.define(self, given)  # type: ignore[arg-type]
            definition = replace(definition, application=self.name)
            known_as = name or definitions.check_schedule_name("name", self._free_name(handler.name))
            self.registry.schedules.add(Declaration.of(known_as, queue, definition))
            return handler

        decorator: ScheduleDecorator = declare
        return decorator

    def _free_name(self, handler: str) -> str:
        name, number = handler, 1
        while name in self.registry.schedules:
            number += 1
            name = f"{handler}#{number}"
        return name
