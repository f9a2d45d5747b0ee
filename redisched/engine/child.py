"""A worker process under a supervisor: runs one Worker, and stops when told or when its supervisor is gone."""

import asyncio
import gc
import multiprocessing
import os
import signal
import sys
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from redisched.config import WorkerSettings
from redisched.engine.application import load_application
from redisched.engine.link import log, log_to_stderr
from redisched.engine.started import StartedTable
from redisched.engine.worker import Worker
from redisched.errors import AppNotFound, BrokerMisconfigured, InvalidInput, LayoutDamaged, ServerError


class Exit(IntEnum):
    """How a worker process, or a whole supervisor, ends."""

    STOPPED = 0
    CRASHED = 1
    MISCONFIGURED = 2
    STUCK = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """What a worker process is told by its supervisor."""

    target: str
    settings: WorkerSettings
    worker: str
    table: Path
    log_level: int


def run_child(spec: ChildSpec) -> None:
    """Work until told to stop; ends the process with an Exit."""
    log_to_stderr(spec.log_level)
    # Not SIG_IGN, which every program that a handler starts would inherit.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    table = StartedTable(spec.table, spec.settings.concurrency)
    try:
        asyncio.run(_work(spec, table))
    except (AppNotFound, BrokerMisconfigured, InvalidInput, LayoutDamaged, ServerError) as error:
        log.critical("%s", error)
        table.say_farewell()
        sys.exit(Exit.MISCONFIGURED)


def freeze_imports() -> None:
    """Take what has been imported out of garbage collections: it stays, and looking through it again and again would
    hold up every handler of the process for tens of milliseconds.
    """
    gc.collect()
    gc.freeze()


async def _work(spec: ChildSpec, table: StartedTable) -> None:
    application = load_application(spec.target)
    freeze_imports()
    worker = Worker(application, spec.settings, table, spec.worker, target=spec.target)
    loop = asyncio.get_running_loop()
    # Not by the event loop's own way: a handler that uses that for a signal of its own would take it away unseen.
    signal.signal(signal.SIGTERM, lambda _number, _frame: loop.call_soon_threadsafe(worker.stop))
    supervisor = multiprocessing.parent_process()
    if supervisor is not None and isinstance(supervisor.sentinel, int):
        loop.add_reader(supervisor.sentinel, _orphaned, loop, supervisor.sentinel, worker)
    await worker.run()
    # Handlers that outlived the grace, in threads or on the loop, must not keep the process: their tasks are back in
    # the queue.
    table.say_farewell()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(Exit.STUCK if worker.is_stuck else Exit.STOPPED)


def _orphaned(loop: asyncio.AbstractEventLoop, sentinel: int, worker: Worker) -> None:
    log.warning("the supervisor is gone; stopping")
    loop.remove_reader(sentinel)
    worker.stop()
