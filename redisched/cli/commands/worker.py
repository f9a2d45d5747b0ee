"""`redisched worker`: runs worker processes under a supervisor."""

import os
from pathlib import Path
from typing import Any

import click

from redisched.cli.cpus import usable_cpus
from redisched.cli.deployment import app_argument, health_file_option, option, settings_from, settings_options
from redisched.cli.fleet_size import fit_to_cpus
from redisched.cli.parameters import prefix_of_command, url_option
from redisched.cli.source import folder_of
from redisched.config import PREFIX_VARIABLE, URL_VARIABLE
from redisched.engine.child_spec import Work
from redisched.engine.logs import configure_logging, log
from redisched.engine.supervisor import supervise


@click.command()
@app_argument
@settings_options
@option("--embedded", is_flag=True, help="If no Redis is named, use the project's embedded server.")
@health_file_option(
    help="Write this file again and again while Redis answers every process; `redisched health` reads it."
)
@url_option
@click.pass_context
def worker(
    context: click.Context, /, target: str, health_file: Path | None, url: str | None, embedded: bool, **given: Any
) -> None:
    """Run the tasks of an application.

    MODULE:APP names the Scheduler of the application, such as shop.tasks:app, or a function that makes it. The module
    may be in the current folder. If MODULE:APP is missing, REDISCHED_APP is used; every option has such a variable.
    --url is used if the application does not name a Redis itself. If neither does, the worker stops with an error,
    unless --embedded is given. After Ctrl-C or SIGTERM running tasks may end; after a second one they are interrupted.
    SIGHUP replaces all processes, one after the other, by others that load the code anew.
    """
    folder_of(target)
    options, sizes = fit_to_cpus(given, usable_cpus)
    settings = settings_from(context, options)
    if url is not None:
        # The worker processes load the application, which reads the URL of Redis from the environment.
        os.environ[URL_VARIABLE] = url
    prefix = prefix_of_command()
    if prefix is not None:
        os.environ[PREFIX_VARIABLE] = prefix
    configure_logging(settings)
    if sizes is not None:
        log.info(sizes)
    work = Work(target=target, settings=settings, url=url, prefix=prefix, embedded=embedded)
    raise click.exceptions.Exit(int(supervise(work, health_file)))
