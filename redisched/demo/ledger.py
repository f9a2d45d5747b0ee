"""The database in which the demo's handlers store their results: one row per task, even if it is executed repeatedly.

A worker that was considered dead may still write after another worker took over its task. The fencing token prevents
harm: a row is replaced only by a later lease of the same task.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from redisched.context import current_task
from redisched.demo import surroundings
from redisched.demo.facts import Kind

_BUSY_TIMEOUT_S = 10.0

_TABLES = """
CREATE TABLE results (task TEXT PRIMARY KEY, kind TEXT NOT NULL, fence INTEGER NOT NULL, amount INTEGER NOT NULL);
CREATE TABLE totals (kind TEXT PRIMARY KEY, tasks INTEGER NOT NULL, amount INTEGER NOT NULL);
"""

_KEEP = """
INSERT INTO results (task, kind, fence, amount) VALUES (?, ?, ?, ?)
ON CONFLICT (task) DO UPDATE SET fence = excluded.fence, amount = excluded.amount WHERE excluded.fence > fence
"""

_ADD_UP = """
INSERT INTO totals (kind, tasks, amount) SELECT kind, count(*), sum(amount) FROM results WHERE true GROUP BY kind
ON CONFLICT (kind) DO UPDATE SET tasks = excluded.tasks, amount = excluded.amount
"""


def create(folder: Path) -> None:
    """Create an empty ledger in a folder."""
    with closing(sqlite3.connect(_path(folder))) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(_TABLES)


def keep(kind: Kind, amount: int) -> None:
    """Store the result of the current task (bytes hashed, cents charged, lines read). Without a folder, do nothing."""
    folder = surroundings.folder()
    if folder is None:
        return
    task = current_task()
    with _transaction(folder) as database:
        database.execute(_KEEP, (task.id, kind, task.fence, amount))


def add_up(folder: Path) -> dict[str, int]:
    """Update the totals, and return the sum of the amounts of each kind."""
    with _transaction(folder) as database:
        database.execute(_ADD_UP)
        return dict(database.execute("SELECT kind, amount FROM totals"))


@contextmanager
def _transaction(folder: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(_path(folder), timeout=_BUSY_TIMEOUT_S)) as database:
        # A crash of the machine may lose the last results, which a demo can accept; a killed process loses none.
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("BEGIN IMMEDIATE")
        with database:
            yield database


def _path(folder: Path) -> Path:
    return folder / "ledger.db"
