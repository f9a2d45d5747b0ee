"""The roster of workers, for the tests of the scripts that change and read it."""

from dataclasses import astuple

from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.presence import Deployment, Presence, digest_of
from redisched.store.roster import FIRST_PAGE, Introduced, Roster
from tests.server_time import NOW_MS, ServerTime

LIVE_MS = 15_000
OLD = Deployment(version="1", queues=("mail",), handlers=("send",)).encode()
NEW = Deployment(version="2", queues=("mail",), handlers=("send", "track")).encode()
PRESENCE = Presence(host="host", pid=7, up_ms=2_000, slots=16, live_ms=LIVE_MS)


class Workers:
    """The fleet on one broker."""

    def __init__(self, broker: Broker, clock: ServerTime) -> None:
        self.broker = broker
        self.clock = clock
        self.fleet = Roster(broker.script_runner)
        clock.move_to(NOW_MS)

    def introduce(self, worker: str, serves: bytes = OLD, *, sends: bool = True) -> Introduced:
        said = serves if sends else b""
        introducing = self.fleet.introduce(worker, PRESENCE.encode(), digest_of(serves), said, LIVE_MS)
        return run(introducing, self.broker.client())

    def depart(self, worker: str) -> None:
        run(self.fleet.depart(worker), self.broker.client())

    def names(self, limit: int = 100) -> list[str]:
        """Those on all pages."""
        names: set[str] = set()
        cursor: str | None = FIRST_PAGE
        while cursor is not None:
            workers, cursor = run(self.fleet.workers(cursor, limit), self.broker.client())
            names |= {worker.name for worker in workers}
        return sorted(names)

    def keys(self) -> int:
        return sum(self.broker.client().perform(("EXISTS", key)) for key in astuple(self.fleet.keys))
