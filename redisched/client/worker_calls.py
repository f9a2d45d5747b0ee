"""`app.workers`: which worker processes live, what they do, and what one is told; blocking or under asyncio."""

from dataclasses import dataclass
from functools import partial

from redisched.client.connection import Connection
from redisched.errors import InvalidOption, UnknownWorker
from redisched.identity import next_id
from redisched.orders import WorkerOrder
from redisched.store.operation import Operation, ScriptRunner, with_retries
from redisched.store.presence import Deployment, PresentWorker
from redisched.store.roster import Roster

MOST_WORKERS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerView(PresentWorker):
    """A worker process as it said five seconds ago or less, and what it serves: without names if that cannot be read.
    Times are the server's, in milliseconds.
    """

    deployment: Deployment


class WorkerCalls:
    """The workers of all queues."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ls(self) -> list[WorkerView]:
        """All workers that live, sorted by host, process id and name. One that was killed is here for 15 s more."""
        self._connection.expect_server()
        return self._connection.run(self._all(), "workers.ls")

    async def ls_async(self) -> list[WorkerView]:
        """As `ls`."""
        self._connection.expect_server()
        return await self._connection.run_async(self._all())

    def quiet(self, name: str, /) -> None:
        """Let a worker claim nothing more. What it runs goes on, and it stays until `resume` or `stop`.

        This, and the others below, is heard within five seconds. Raises UnknownWorker.
        """
        self._order(name, WorkerOrder.QUIET)

    async def quiet_async(self, name: str, /) -> None:
        """As `quiet`."""
        await self._order_async(name, WorkerOrder.QUIET)

    def resume(self, name: str, /) -> None:
        """Let a quiet worker claim again. Raises UnknownWorker."""
        self._order(name, WorkerOrder.RESUME)

    async def resume_async(self, name: str, /) -> None:
        """As `resume`."""
        await self._order_async(name, WorkerOrder.RESUME)

    def stop(self, name: str, /) -> None:
        """Let a worker process end in good order; its supervisor starts no other in its place. Raises UnknownWorker."""
        self._order(name, WorkerOrder.STOP)

    async def stop_async(self, name: str, /) -> None:
        """As `stop`."""
        await self._order_async(name, WorkerOrder.STOP)

    def recycle(self, name: str, /) -> None:
        """Let another process take the place of a worker process, which then drains. Raises UnknownWorker."""
        self._order(name, WorkerOrder.RECYCLE)

    async def recycle_async(self, name: str, /) -> None:
        """As `recycle`."""
        await self._order_async(name, WorkerOrder.RECYCLE)

    def _order(self, name: str, order: WorkerOrder) -> None:
        self._connection.expect_server()
        self._connection.run(self._ordering(name, order), f"workers.{order.value}")

    async def _order_async(self, name: str, order: WorkerOrder) -> None:
        self._connection.expect_server()
        await self._connection.run_async(self._ordering(name, order))

    def _all(self) -> Operation[list[WorkerView]]:
        runner = self._connection.script_runner
        return with_retries(lambda: every_worker(runner), self._connection.retry_policy())

    def _ordering(self, name: object, order: WorkerOrder) -> Operation[None]:
        if not isinstance(name, str) or not name:
            raise InvalidOption("name", name, "the name of a worker, as `workers.ls` lists it")
        yield from order_worker(self._connection, name, order)


def order_worker(connection: Connection, name: str, order: WorkerOrder) -> Operation[None]:
    """Tell a worker what to do, once, however often the call is repeated. Raises UnknownWorker."""
    ordering = partial(Roster(connection.script_runner).order, name, order, next_id())
    if not (yield from with_retries(ordering, connection.retry_policy())):
        raise UnknownWorker(name)


def every_worker(script_runner: ScriptRunner) -> Operation[list[WorkerView]]:
    """All workers that live; of more than MOST_WORKERS, about so many."""
    roster = Roster(script_runner)
    found = yield from roster.present(MOST_WORKERS)
    deployments = yield from roster.deployments_of(found.values())
    views = [_view(worker, deployments) for worker in found.values()]
    return sorted(views, key=lambda view: (view.presence.host, view.presence.pid, view.name))


def _view(worker: PresentWorker, deployments: dict[str, Deployment]) -> WorkerView:
    return WorkerView(
        name=worker.name,
        until_ms=worker.until_ms,
        presence=worker.presence,
        deployment=deployments.get(worker.presence.deployment, Deployment()),
    )
