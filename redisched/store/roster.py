"""The roster of workers: tells Redis that one lives, and reads which do, whichever queues they serve."""

from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import Any, NamedTuple

from redisched.errors import Undecodable
from redisched.orders import WorkerOrder, WorkerState
from redisched.store.operation import Argument, Operation, ScriptRunner
from redisched.store.presence import Deployment, PresentWorker, decode_deployment, decode_presence
from redisched.store.scripts import load_script
from redisched.store.shard import check_format

FIRST_PAGE = "0"
QUIET = frozenset({WorkerState.QUIET.value, WorkerState.DRAINING.value, WorkerState.STOPPING.value})
"""In these states a worker takes no tasks."""
MOST_DEPLOYMENTS = 100
"""So many live deployments are read at once. Each may have 64 KiB."""


class Introduced(NamedTuple):
    """The reply to an introduction: the digests of all deployments that live workers have, and an order that the worker
    has not heard yet. `is_known` is false if what the worker's own deployment serves was not stored and not sent.
    """

    is_known: bool
    order: str = ""
    deployments: tuple[str, ...] = ()
    now_ms: int = 0
    """The server's time."""


class WorkersPage(NamedTuple):
    """Some of the workers that are present. `cursor` leads to the next page; None after the last one."""

    workers: tuple[PresentWorker, ...]
    cursor: str | None


class LiveDeployments(NamedTuple):
    """What live workers serve. `is_complete` is false if some of it is left out: damaged, or beyond the limit. `quiet`
    are those of the deployments of which no worker takes tasks any more.
    """

    deployments: tuple[Deployment, ...]
    is_complete: bool
    quiet: tuple[Deployment, ...] = ()


class Roster:
    """All workers of one prefix. Methods return operations, to be run blocking or under asyncio."""

    def __init__(self, script_runner: ScriptRunner) -> None:
        self._script_runner = script_runner
        self.keys = script_runner.fleet_keys

    def introduce(
        self, worker: str, presence: bytes, deployment: str, serves: bytes, live_ms: int, heard: str = ""
    ) -> Operation[Introduced]:
        """Note that a worker lives, for so long. `serves` may be empty if its deployment is stored already. `heard` is
        the order that the worker has heard last: it is not answered again.
        """
        status, now_ms, *told = yield from self._call("introduce", worker, presence, deployment, serves, live_ms, heard)
        if status != b"INTRODUCED":
            return Introduced(is_known=False, now_ms=int(now_ms))
        order, *live = (text.decode(errors="replace") for text in told)
        return Introduced(is_known=True, order=order, deployments=tuple(live), now_ms=int(now_ms))

    def order(self, worker: str, order: WorkerOrder, order_id: str) -> Operation[bool]:
        """Leave an order for a worker, which carries out each id once. Answers False if there is no such worker."""
        # As names are read: of one with characters that Redis cannot have there is no worker.
        name = worker.encode(errors="backslashreplace")
        (status,) = yield from self._call("order", name, order_id, order.value)
        return bool(status == b"ORDERED")

    def depart(self, worker: str) -> Operation[None]:
        """Note that a worker has stopped."""
        yield from self._call("depart", worker)

    def workers(self, cursor: str = FIRST_PAGE, limit: int = 100) -> Operation[WorkersPage]:
        """Read a page of about so many workers that are present. A worker may be on two pages."""
        _, following, *rows = yield from self._call("read/workers", cursor, limit)
        found = [_present_worker(*rows[at : at + 3]) for at in range(0, len(rows), 3)]
        workers = tuple(worker for worker in found if worker is not None)
        return WorkersPage(workers, None if following == b"0" else following.decode())

    def present(
        self, most: float = inf, is_enough: Callable[[Sequence[PresentWorker]], bool] = lambda _page: False
    ) -> Operation[dict[str, PresentWorker]]:
        """Read each worker that is present once, by name, a page of about a hundred after the other. Ends early once
        `most` are known, of which the last page may have a few more, or once `is_enough` says so of a page.
        """
        found: dict[str, PresentWorker] = {}
        cursor: str | None = FIRST_PAGE
        while cursor is not None and len(found) < most:
            page = yield from self.workers(cursor)
            found |= {worker.name: worker for worker in page.workers}
            cursor = None if is_enough(page.workers) else page.cursor
        return found

    def live_deployments(self, now_ms: int) -> Operation[list[str]]:
        """Read the digests of the deployments that live workers had some seconds ago."""
        found = yield ("ZRANGEBYSCORE", self.keys.deployed, str(now_ms), "+inf")
        return [digest.decode(errors="replace") for digest in found]

    def deployments(self, digests: Sequence[str]) -> Operation[dict[str, Deployment]]:
        """Read what deployments serve, by digest. What is not stored any more, or is damaged, is left out."""
        if not digests:
            return {}
        found: dict[str, Deployment] = {}
        for digest, encoded in zip(digests, (yield ("HMGET", self.keys.deployments, *digests)), strict=True):
            if encoded is not None:
                try:
                    found[digest] = decode_deployment(encoded)
                except Undecodable:
                    continue
        return found

    def deployments_of(self, workers: Iterable[PresentWorker]) -> Operation[dict[str, Deployment]]:
        """Read what these workers serve, by the digest in their presence, as `deployments` does."""
        return self.deployments(sorted({worker.presence.deployment for worker in workers}))

    def live(self, now_ms: int, limit: int = MOST_DEPLOYMENTS) -> Operation[LiveDeployments]:
        """Read what those deployments serve that have live workers at this moment of the server's time. Costs a read
        for each hundred workers, until one of each is found that takes tasks.
        """
        digests = yield from self.live_deployments(now_ms)
        taking, quiet = yield from self._with_workers(set(digests[:limit]))
        present = [digest for digest in digests if digest in taking | quiet]
        read = yield from self.deployments(present)
        return LiveDeployments(
            tuple(read.values()),
            is_complete=len(read) == len(present) and len(digests) <= limit,
            quiet=tuple(found for digest, found in read.items() if digest in quiet),
        )

    def _with_workers(self, digests: set[str]) -> Operation[tuple[set[str], set[str]]]:
        """Those of the deployments that have a worker which takes tasks, and those that have only quiet ones. The last
        worker of the others has stopped just now.
        """
        taking: set[str] = set()
        quiet: set[str] = set()

        def has_all(page: Sequence[PresentWorker]) -> bool:
            for worker in page:
                (quiet if worker.presence.state in QUIET else taking).add(worker.presence.deployment)
            return digests <= taking

        if digests:
            yield from self.present(is_enough=has_all)
        return digests & taking, (digests & quiet) - taking

    def _call(self, name: str, *arguments: Argument) -> Operation[Any]:
        keys = [getattr(self.keys, key) for key in load_script(name).keys]
        reply = yield from self._script_runner.call(name, keys, arguments)
        check_format(reply[0])
        return reply


def _present_worker(name: bytes, until_ms: bytes, presence: bytes) -> PresentWorker | None:
    try:
        said = decode_presence(presence)
    except Undecodable:
        return None
    return PresentWorker(name=name.decode(errors="backslashreplace"), until_ms=int(until_ms), presence=said)
