"""`app.schedules`: adds, changes, pauses, resumes, runs, removes and lists schedules, blocking or under asyncio."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from redisched.client import schedule_operations as operations
from redisched.client.connection import Connection
from redisched.client.handler import Handler
from redisched.client.reference import TaskRef
from redisched.client.schedule_fields import LiveFields
from redisched.client.schedule_view import ScheduleView
from redisched.client.scheduling import Applications, Given, define
from redisched.errors import InvalidOption
from redisched.option_checks import check_name, check_queue
from redisched.schedules.definition import check_schedule_name
from redisched.store.operation import Operation


class ScheduleCalls:
    """Schedules in Redis. `queue` is needed only where several queues have a schedule of the same name."""

    def __init__(self, application: Applications, connection: Connection) -> None:
        self._application = application
        self._connection = connection

    def add(
        self,
        name: str,
        handler: "Handler[Any, Any] | str",
        /,
        *,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        **fields: Unpack[LiveFields],
    ) -> None:
        """Add a schedule of a handler, given by its name if it is not registered here. It stays until it is removed.
        Adding the same again changes nothing.

        Raises InvalidInput of some kind with nothing written, DuplicateSchedule, QueueFull and BrokerUnavailable.
        """
        self._connection.run(self._add(name, handler, args, kwargs, fields), "schedules.add")

    async def add_async(
        self,
        name: str,
        handler: "Handler[Any, Any] | str",
        /,
        *,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        **fields: Unpack[LiveFields],
    ) -> None:
        """As `add`."""
        await self._connection.run_async(self._add(name, handler, args, kwargs, fields))

    def change(
        self,
        name: str,
        /,
        *,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **fields: Unpack[LiveFields],
    ) -> None:
        """Change what is given, and leave the rest. Tasks that were enqueued ahead are removed. One that code declares
        stays changed until the code declares it differently. `queue` says where it is.

        Raises UnknownSchedule, and as `add`.
        """
        self._connection.run(self._change(name, args, kwargs, fields), "schedules.change")

    async def change_async(
        self,
        name: str,
        /,
        *,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **fields: Unpack[LiveFields],
    ) -> None:
        """As `change`."""
        await self._connection.run_async(self._change(name, args, kwargs, fields))

    def pause(self, name: str, /, *, queue: str | None = None) -> None:
        """Let a schedule fire no more until it is resumed, whatever is deployed. Raises UnknownSchedule."""
        self._connection.run(operations.pause(self._connection, *_place(name, queue)), "schedules.pause")

    async def pause_async(self, name: str, /, *, queue: str | None = None) -> None:
        """As `pause`."""
        await self._connection.run_async(operations.pause(self._connection, *_place(name, queue)))

    def resume(self, name: str, /, *, queue: str | None = None) -> None:
        """Let a paused schedule fire again; slots that came meanwhile are left out. Raises UnknownSchedule."""
        self._connection.run(operations.resume(self._connection, *_place(name, queue)), "schedules.resume")

    async def resume_async(self, name: str, /, *, queue: str | None = None) -> None:
        """As `resume`."""
        await self._connection.run_async(operations.resume(self._connection, *_place(name, queue)))

    def run(self, name: str, /, *, queue: str | None = None) -> TaskRef[Any]:
        """Enqueue one task of a schedule now, besides those of its slots. Raises UnknownSchedule."""
        return self._connection.run(operations.run_now(self._connection, *_place(name, queue)), "schedules.run")

    async def run_async(self, name: str, /, *, queue: str | None = None) -> TaskRef[Any]:
        """As `run`."""
        return await self._connection.run_async(operations.run_now(self._connection, *_place(name, queue)))

    def remove(self, name: str, /, *, queue: str | None = None) -> None:
        """Remove a schedule, and its tasks that were enqueued ahead; also one that cannot be read here. Raises
        UnknownSchedule, and InvalidOption for one that the code of running workers declares.
        """
        self._connection.run(operations.remove(self._connection, *_place(name, queue)), "schedules.remove")

    async def remove_async(self, name: str, /, *, queue: str | None = None) -> None:
        """As `remove`."""
        await self._connection.run_async(operations.remove(self._connection, *_place(name, queue)))

    def ls(self, *, queue: str | None = None) -> list[ScheduleView]:
        """All schedules, sorted by queue and name. Costs some commands for each queue."""
        self._connection.expect_server()
        return self._connection.run(operations.every(self._connection, _queue(queue)), "schedules.ls")

    async def ls_async(self, *, queue: str | None = None) -> list[ScheduleView]:
        """As `ls`."""
        self._connection.expect_server()
        return await self._connection.run_async(operations.every(self._connection, _queue(queue)))

    def get(self, name: str, /, *, queue: str | None = None) -> ScheduleView:
        """A schedule by its name. Raises UnknownSchedule."""
        self._connection.expect_server()
        return self._connection.run(self._get(name, queue), "schedules.get")

    async def get_async(self, name: str, /, *, queue: str | None = None) -> ScheduleView:
        """As `get`."""
        self._connection.expect_server()
        return await self._connection.run_async(self._get(name, queue))

    def _add(self, name: object, handler: object, args: Any, kwargs: Any, fields: Any) -> Operation[None]:
        known_as = check_schedule_name("name", name)
        named = handler.name if isinstance(handler, Handler) else check_name("handler", handler)
        given = Given(handler=named, args=args, kwargs=kwargs, options=fields)
        queue, definition = define(self._application, given)
        return operations.add(self._connection, known_as, queue, definition)

    def _change(self, name: object, args: Any, kwargs: Any, fields: dict[str, Any] | Any) -> Operation[None]:
        options = dict(fields)
        known_as, queue = _place(name, options.pop("queue", None))
        if not options and args is None and kwargs is None:
            raise InvalidOption("change", None, "at least one thing that is to change")
        given = Given(handler="", args=args, kwargs=kwargs, options=options)
        return operations.change(self._application, self._connection, known_as, queue, given)

    def _get(self, name: str, queue: str | None) -> Operation[ScheduleView]:
        found = yield from operations.find(self._connection, *_place(name, queue))
        return ScheduleView.of(found, self._connection.settings.payload_limit)


def _place(name: object, queue: object) -> tuple[str, str | None]:
    return check_schedule_name("name", name), _queue(queue)


def _queue(queue: object) -> str | None:
    return None if queue is None else check_queue("queue", queue)
