"""`redisched worker`: worker processes under a supervisor."""

import os
from collections.abc import Callable
from typing import Any

import click

from redisched.cli.logs import log_to_terminal
from redisched.cli.parameters import F, queue_names, seconds, url_option
from redisched.cli.source import folder_of
from redisched.config import URL_VARIABLE, Eviction, Until, WorkerSettings
from redisched.engine.supervisor import supervise

_DEFAULTS = WorkerSettings()


def _duration(flag: str, setting: str, meaning: str) -> Callable[[F], F]:
    """An option that is a setting in seconds, with that setting's default."""
    default = f"{getattr(_DEFAULTS, setting):g}s"
    return click.option(
        flag, setting, type=seconds, metavar="DURATION", default=default, show_default=True, help=meaning
    )


_SETTINGS = (
    click.option(
        "-c", "--concurrency", default=_DEFAULTS.concurrency, show_default=True, help="Tasks at once, in each process."
    ),
    click.option("--processes", default=_DEFAULTS.processes, show_default=True, help="Worker processes."),
    click.option("--queues", type=queue_names, metavar="A,B", default="", help="Otherwise all that its handlers use."),
    _duration("--lease", "lease_s", "A lost worker's tasks start elsewhere after so long."),
    click.option(
        "--window-ms",
        default=_DEFAULTS.window_ms,
        show_default=True,
        help="How far ahead it takes tasks; 0 for exact order.",
    ),
    _duration("--grace", "grace_s", "Running tasks get so long to end when it stops."),
    _duration(
        "--stuck-after",
        "stuck_after_s",
        "A handler that goes on so long after its timeout or cancellation has its process replaced.",
    ),
    click.option(
        "--max-tasks-per-child", type=click.IntRange(min=1), help="Replace the process of isolated handlers after N."
    ),
    click.option(
        "--max-memory-per-child-mb",
        type=click.IntRange(min=1),
        help="Replace the process of isolated handlers when it has more.",
    ),
)


def settings_options(command: F) -> F:
    """The options that are settings of a worker, under their names."""
    for option in reversed(_SETTINGS):
        command = option(command)
    return command


@click.command()
@click.argument("target", metavar="MODULE:APP")
@settings_options
@click.option("--burst", is_flag=True, help="End when nothing is due and nothing runs.")
@click.option("--allow-eviction", is_flag=True, help="Work on a Redis that may evict tasks.")
@url_option
def worker(target: str, burst: bool, allow_eviction: bool, url: str | None, **given: Any) -> None:
    """Run the tasks of an application.

    MODULE:APP names its Scheduler, as in shop.tasks:app; modules of the current folder are found. Ctrl-C or SIGTERM
    lets running tasks end, a second one does not. --url is for applications that name no Redis themselves.
    """
    folder_of(target)
    settings = WorkerSettings(
        until=Until.EMPTY if burst else Until.STOPPED,
        eviction=Eviction.ALLOW if allow_eviction else Eviction.REFUSE,
        **given,
    )
    if url is not None:
        # Its processes find Redis as the application does in any process: in the environment.
        os.environ[URL_VARIABLE] = url
    log_to_terminal()
    raise click.exceptions.Exit(int(supervise(target, settings, url=url)))
