"""`python -m tests.dumps.write NAME` writes a dump of what this state of the code leaves in Redis.

Once for each format of the data: a dump that is kept is what older code has written, and is not written again.
"""

import sys
from contextlib import closing

from redisched.client.scheduler import Scheduler
from redisched.embedded import Persistence, PrivateServer
from tests.dumps.dump import FOLDER, SUFFIX, Dump, contents_of
from tests.dumps.seen import look_through, repairs_of
from tests.dumps.stages import QUEUES, fill


def take(app: Scheduler) -> Dump:
    """Fill the server of an application, which must be empty; answers what is there then."""
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
    """Write the dump; answers what it holds, in a line. Raises FileExistsError: what older code wrote is kept."""
    path = FOLDER / f"{name}{SUFFIX}"
    if path.exists():
        raise FileExistsError(f"{path.name} was written by the code of its time; give another name")
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
