"""`python -m tests.dumps.fleet.write NAME` writes a dump of what the present code leaves in Redis beside tasks.

Call it once for each format of the data. A dump that exists was written by older code, and is never overwritten.
"""

import sys
from contextlib import closing
from pathlib import Path

from redisched.client.scheduler import Scheduler
from redisched.config import Settings
from redisched.embedded import Persistence, PrivateServer
from tests.dumps.dump import SUFFIX, Dump, contents_of
from tests.dumps.fleet.filling import APPLICATION, HANDLER, declare_in_code, fill
from tests.dumps.fleet.looking import look

FOLDER = Path(__file__).parent
LARGEST_BYTES = 40_000


def take(url: str) -> Dump:
    """Fill a server, which must be empty, and return the dump of it."""
    with closing(Scheduler(url, settings=Settings(application=APPLICATION))) as app:
        declare_in_code(app, app.task(name=HANDLER)(lambda *_: None))
        fill(app)
        seconds, microseconds = app.broker.client().perform(("TIME",))
        taken_ms = int(seconds) * 1000 + int(microseconds) // 1000
        return Dump(taken_ms=taken_ms, keys=contents_of(app.broker), seen=look(app, taken_ms), repairs={})


def write(name: str) -> str:
    """Write the dump, and return its size in a line. Raises FileExistsError if there is a dump of this name."""
    path = FOLDER / f"{name}{SUFFIX}"
    if path.exists():
        raise FileExistsError(f"{path.name} exists, written by older code; give another name")
    with closing(PrivateServer(persistence=Persistence.NONE)) as server:
        server.start()
        dump = take(server.url)
    dump.write(path)
    return f"{path.name}: {len(dump.keys)} keys, {path.stat().st_size} bytes"


if __name__ == "__main__":
    (name,) = sys.argv[1:]
    sys.stdout.write(f"{write(name)}\n")
