"""`redisched worker`: worker processes under a supervisor."""

import os

import click

from redisched.cli.application import load
from redisched.cli.logs import log_to_terminal
from redisched.cli.parameters import queue_names, seconds, url_option
from redisched.config import URL_VARIABLE, Eviction, Until, WorkerSettings
from redisched.engine.supervisor import supervise

_DEFAULTS = WorkerSettings()


@click.command()
@click.argument("target", metavar="MODULE:APP")
@click.option("-c", "--concurrency", default=_DEFAULTS.concurrency, show_default=True, help="Tasks at once, in each.")
@click.option("--processes", default=_DEFAULTS.processes, show_default=True, help="Worker processes.")
@click.option("--queues", type=queue_names, metavar="A,B", default="", help="Otherwise all that its handlers use.")
@click.option("--burst", is_flag=True, help="End when nothing is due and nothing runs.")
@click.option(
    "--lease",
    type=seconds,
    metavar="DURATION",
    default=str(_DEFAULTS.lease_s),
    show_default=True,
    help="A lost worker's tasks start elsewhere after so long.",
)
@click.option(
    "--window-ms",
    default=_DEFAULTS.window_ms,
    show_default=True,
    help="How far ahead it takes tasks; 0: exact order.",
)
@click.option(
    "--grace",
    type=seconds,
    metavar="DURATION",
    default=str(_DEFAULTS.grace_s),
    show_default=True,
    help="Running tasks get so long to end when it stops.",
)
@click.option("--allow-eviction", is_flag=True, help="Work on a Redis that may evict tasks.")
@url_option
def worker(
    target: str,
    concurrency: int,
    processes: int,
    queues: tuple[str, ...],
    burst: bool,
    lease: float,
    window_ms: float,
    grace: float,
    allow_eviction: bool,
    url: str | None,
) -> None:
    """Run the tasks of an application.

    MODULE:APP names its Scheduler, as in shop.tasks:app; modules of the current folder are found. Ctrl-C or SIGTERM
    lets running tasks end, a second one does not. --url is for applications that name no Redis themselves.
    """
    settings = WorkerSettings(
        queues=queues,
        concurrency=concurrency,
        processes=processes,
        lease_s=lease,
        window_ms=window_ms,
        grace_s=grace,
        until=Until.EMPTY if burst else Until.STOPPED,
        eviction=Eviction.ALLOW if allow_eviction else Eviction.REFUSE,
    )
    if url is not None:
        # Its processes find Redis as the application does in any process: in the environment.
        os.environ[URL_VARIABLE] = url
    application = load(target)
    if url is not None and application.settings.url not in (None, url):
        raise click.BadParameter("the application names another Redis itself", param_hint="--url")
    log_to_terminal()
    raise click.exceptions.Exit(int(supervise(target, settings)))
