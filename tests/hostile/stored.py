"""Tasks as no producer of redisched would write them."""

from collections.abc import Iterable

from redisched.codec import DIGEST_BYTES
from redisched.store.broker import Broker
from redisched.store.operation import run
from redisched.store.store import Store
from redisched.store.values import NewTask, Status

DIGEST = bytes(DIGEST_BYTES)


def store_bodies(broker: Broker, bodies: Iterable[bytes], queue: str = "default") -> list[str]:
    """Enqueue tasks whose bodies are these bytes; answers their ids."""
    store = Store(broker.script_runner, queue)
    tasks = [NewTask(f"hostile-{number}", 5, "+0", DIGEST + body) for number, body in enumerate(bodies)]
    for task in tasks:
        assert run(store.enqueue([task]), broker.client()) == [Status.CREATED]
    return [task.id for task in tasks]
