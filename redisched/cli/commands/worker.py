"""`redisched worker`: runs worker processes under a supervisor."""

import os
from pathlib import Path
from typing import Any

import click

from redisched.cli.deployment import app_argument, health_file_option, option, settings_from, settings_options
from redisched.cli.parameters import prefix_of_command, url_option
from redisched.cli.source import folder_of
from redisched.config import PREFIX_VARIABLE, URL_VARIABLE
from redisched.engine.child_spec import Work
from redisched.engine.logs import configure_logging
from redisched.engine.supervisor import supervise


@click.command()
@app_argument
@settings_options
@option("--embedded", is_flag=True, help="Where no Redis is named, keep tasks in a server of this project's own.")
@health_file_option(help="Touch it while every process is in contact with Redis; `redisched health` reads it.")
@url_option
@click.pass_context
def worker(
    context: click.Context, /, target: str, health_file: Path | None, url: str | None, embedded: bool, **given: Any
) -> None:
    """Run the tasks of an application.

    MODULE:APP names its Scheduler, as in shop.tasks:app, or a function that makes one; modules of the current folder
    are found. Else REDISCHED_APP names it, and so does a variable every option. Ctrl-C or SIGTERM lets running tasks
    end, a second one does not. --url is for applications that name no Redis themselves. Where neither does, it ends,
    but for --embedded.
    """
    folder_of(target)
    settings = settings_from(context, given)
    if url is not None:
        # The worker processes load the application, which reads the URL of Redis from the environment.
        os.environ[URL_VARIABLE] = url
    prefix = prefix_of_command()
    if prefix is not None:
        os.environ[PREFIX_VARIABLE] = prefix
    configure_logging(settings)
    work = Work(target=target, settings=settings, url=url, prefix=prefix, embedded=embedded)
    raise click.exceptions.Exit(int(supervise(work, health_file)))
