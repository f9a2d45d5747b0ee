"""The peers: what each is called, how it is set up, and what its figures have to be read with."""

from dataclasses import dataclass
from pathlib import Path

RUNNERS = Path(__file__).with_name("runners")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A peer. `many` says in which way it enqueues many tasks, empty if it has none but one call after the other.

    `setting` is its fastest one that is safe, and `safety` what becomes of tasks whose worker is killed. `python` is
    the oldest version of Python that it runs on, where that is newer than redisched's own, and `distribution` what is
    installed, where that is not called as the peer is.
    """

    name: str
    title: str
    many: str
    setting: str
    safety: str
    python: str = ""
    distribution: str = ""
    folder: Path = RUNNERS

    @property
    def package(self) -> str:
        """The distribution whose version is that of the peer."""
        return self.distribution or self.name

    @property
    def runner(self) -> Path:
        """The module that runs in the peer's interpreter."""
        return self.folder / f"run_{self.name}.py"

    @property
    def requirements(self) -> Path | None:
        """Everything that its environment holds, to the version; None for the library of this checkout."""
        path = self.folder / f"{self.name}.txt"
        return path if path.exists() else None


ENTRIES = (
    Entry(
        name="redisched",
        title="redisched",
        many="one call",
        setting="as it comes; async handler",
        safety="run again when the lease of 30 s ends, at once under the supervisor",
    ),
    Entry(
        name="celery",
        title="Celery",
        many="",
        setting="solo pool, acks late, prefetch 64, no results, no gossip, mingle or heartbeat",
        safety="run again after the visibility timeout of an hour",
    ),
    Entry(
        name="rq",
        title="RQ",
        many="one call for 1,000",
        setting="worker that does not fork, with scheduler, no results, one retry",
        safety="found by maintenance, ten minutes and more later, and retried",
    ),
    Entry(
        name="dramatiq",
        title="Dramatiq",
        many="",
        setting="8 threads, looks at least every 10 ms",
        safety="run again when the heartbeat of its worker is a minute old",
    ),
    Entry(
        name="huey",
        title="Huey",
        many="",
        setting="1 thread, no results; there is no safe setting",
        safety="lost",
    ),
    Entry(
        name="arq",
        title="arq",
        many="100 calls at once",
        setting="100 jobs at once, looks every 10 ms, no results; async handler",
        safety="run again when its key runs out, five minutes later",
    ),
    Entry(
        name="saq",
        title="SAQ",
        many="100 calls at once",
        setting="10 jobs at once, a second attempt, no results; async handler",
        safety="swept up and retried after its time limit of 10 s, looked for once a minute",
    ),
    Entry(
        name="tarsk",
        title="tarsk",
        many="",
        setting="one child, 100 tasks at once, retries, no results; async handler",
        safety="run again when the lease, its time limit of 300 s and a grace, ends",
        distribution="tarsk-redis",
    ),
    Entry(
        name="mayu",
        title="mayu",
        many="",
        setting="one worker process, retries, no results",
        safety="run again when its worker has been silent for 30 s",
        python="3.13",
    ),
)
