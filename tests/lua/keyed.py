"""Tasks with unique keys, for the tests of what the scripts do with them."""

from redisched.model import BAND
from redisched.store.enqueued import Enqueued
from redisched.store.values import NewTask
from tests.lua.queue import QueueUnderTest
from tests.lua.situation import Situation, packed, together, waiting
from tests.server_time import NOW_MS

KEY = "c0ffee"
CANCELLED = b"cancelled".hex()
PARKED_MS = BAND - 1


def new(id: str, mode: str = "return", *, scope: str = "done", when: str = "+0", most_ms: int = 0) -> NewTask:
    traits = f"unique={KEY} {scope} {mode} {most_ms} 1000 {CANCELLED} "
    return NewTask(id, 5, when, f"digest-{id[0]}body of {id}".encode(), traits.encode())


def enqueue(queue: QueueUnderTest, *tasks: NewTask) -> list[Enqueued]:
    return queue.call(queue.store.enqueue(tasks))


def keyed(id: str, scope: str = "done", *, latest_ms: int = 0) -> Situation:
    """A task that holds the key."""
    return {"traits": {id: f"unique={KEY} {scope} {latest_ms} "}, "unique": {KEY: id}, "format": "3"}


def succeeding(id: str, run_at_ms: int = NOW_MS) -> Situation:
    """A task that waits until the holder of the key has ended."""
    parts = {"traits": {id: f"unique={KEY} done 0 "}, "successors": {KEY: f"{run_at_ms} {id}"}, "format": "3"}
    return together(waiting(id, run_at_ms=PARKED_MS), parts)


def replaced(id: str) -> Situation:
    """How a task ends that was replaced. The time of its end and its missing result are in MessagePack."""
    outcome = (f"digest-{id[0]}cancelled".encode() + packed(NOW_MS) + b"\xc0").decode(errors="backslashreplace")
    return {"outcomes": {id: f"0 {outcome}"}, "finished": {id: NOW_MS + 1_000}}
