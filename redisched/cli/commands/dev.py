"""`redisched dev`: a server, a worker and the dashboard in one terminal, for use while writing an application."""

import os
import sys
from contextlib import ExitStack
from typing import Any

import click

from redisched.cli.dashboard import DEFAULT_PORT, dashboard
from redisched.cli.deployment import app_argument, import_option, log_options, log_words
from redisched.cli.parameters import prefix_of_command, queue_names, url_option
from redisched.cli.reload import Reloader
from redisched.cli.session import session
from redisched.cli.source import folder_of, folder_of_module
from redisched.config import URL_VARIABLE, url_from
from redisched.embedded import join
from redisched.embedded.paths import locate


@click.command()
@app_argument
@click.option("-c", "--concurrency", type=int, help="How many tasks the worker runs at the same time.")
@click.option(
    "--queues",
    type=queue_names,
    metavar="A,B",
    default="",
    help="Serve these queues. Default: all queues of its handlers.",
)
@import_option
@click.option(
    "--web-port",
    type=click.IntRange(0, 65_535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Serve the dashboard on this port; if it is taken, on another.",
)
@log_options
@url_option
def dev(
    target: str,
    concurrency: int | None,
    queues: tuple[str, ...],
    imports: tuple[str, ...],
    web_port: int,
    url: str | None,
    **logs: Any,
) -> None:
    """Run a server, a worker that restarts when code changes, and the dashboard.

    The worker restarts when a Python file of the application or of an --import changes. If the new code has an error,
    the error is printed, and the worker starts again after the next change. Commands in other terminals use the same
    server if they run in the same project. The environment variables of `redisched worker` also work here.
    """
    folders = list(dict.fromkeys([folder_of(target), *(folder_of_module(module, target) for module in imports)]))
    command = [*_words(target, concurrency, queues, imports), *log_words(**logs)]
    with ExitStack() as stack:
        place = url if url is not None else url_from(os.environ)
        if place is None:
            place = stack.enter_context(join()).url
            click.echo(f"The embedded server keeps its data in {locate(None).data_directory}.", err=True)
        with session(place) as opened:
            opened.check()
        # After two changes within a second a compiled file can be outdated unnoticed, so none are written.
        environment = {**os.environ, URL_VARIABLE: place, "PYTHONDONTWRITEBYTECODE": "1"}
        stack.enter_context(dashboard(web_port, prefix_of_command(), environment, _tell))
        _tell(f"Watching {', '.join(map(str, folders))}; Ctrl-C to stop.")
        Reloader(folders, command, environment, _tell).run_until_signalled()


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _words(target: str, concurrency: int | None, queues: tuple[str, ...], imports: tuple[str, ...]) -> list[str]:
    """Return the command of the worker that is restarted on every change."""
    command = [sys.executable, "-m", "redisched", "worker", target]
    if concurrency is not None:
        command += ["--concurrency", str(concurrency)]
    if queues:
        command += ["--queues", ",".join(queues)]
    for name in imports:
        command += ["--import", name]
    prefix = prefix_of_command()
    if prefix is not None:
        command += ["--prefix", prefix]
    return command
