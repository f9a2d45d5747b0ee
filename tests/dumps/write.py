"""`python -m tests.dumps.write NAME` writes a dump of what the present code leaves in Redis.

Call it once for each format of the data. A dump that exists was written by older code, and is never overwritten.
"""

import sys
from contextlib import closing

from redisched.client.scheduler import Scheduler
from redisched.embedded import Persistence, PrivateServer
from tests.dumps.dump import FOLDER, SUFFIX, Dump, contents_of
from tests.dumps.seen import look_through, repairs_of
from tests.dumps.stages import QUEUES, fill


def take(app: Scheduler) -> Dump:
    """Fill the server of an application, which must be empty, and return the dump of it."""
    fill(app)
    broker = app.broker
    seconds, microseconds = broker.client().perform(("TIME",))
    return Dump(
        taken_ms=int(seconds) * 1000 + int(microseconds) // 1000,
        keys=contents_of(broker),
        seen={queue: look_through(broker, queue) for queue in QUEUES},
        repairs={queue: repairs_of(broker, queue) for queue in QUEUES},
    )


def write(name: str) -> str:
    """Write the dump, and return its size in a line. Raises FileExistsError if there is a dump of this name."""
    path = FOLDER / f"{name}{SUFFIX}"
    if path.exists():
        raise FileExistsError(f"{path.name} exists, written by older code; give another name")
    with closing(PrivateServer(persistence=Persistence.NONE)) as server:
        server.start()
        with closing(Scheduler(server.url)) as app:
            dump = take(app)
    dump.write(path)
    tasks = sum(map(len, dump.seen.values()))
    return f"{path.name}: {tasks} tasks in {len(dump.keys)} keys, {path.stat().st_size} bytes"


if __name__ == "__main__":
    (name,) = sys.argv[1:]
    sys.stdout.write(f"{write(name)}\n")
