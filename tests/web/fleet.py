"""Workers that are there only by what they say of themselves."""

from redisched.client.scheduler import Scheduler
from redisched.store.operation import run
from redisched.store.presence import Deployment, Presence, digest_of
from redisched.store.roster import Roster


def introduce(tasks: Scheduler, name: str, queues: tuple[str, ...], slots: int) -> None:
    """Let a worker say that it lives."""
    serves = Deployment(version="1", queues=queues, handlers=("add",)).encode()
    presence = Presence(host="desk", pid=7, slots=slots, deployment=digest_of(serves), live_ms=60_000).encode()
    roster = Roster(tasks.broker.script_runner)
    run(roster.introduce(name, presence, digest_of(serves), serves, 60_000), tasks.broker.client())
