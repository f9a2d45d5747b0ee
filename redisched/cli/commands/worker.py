"""`redisched worker`: runs worker processes under a supervisor."""

import os
from pathlib import Path
from typing import Any

import click

from redisched.cli.cpus import usable_cpus
from redisched.cli.deployment import (
    app_argument,
    health_file_option,
    metrics_options,
    option,
    settings_from,
    settings_options,
)
from redisched.cli.fleet_size import fit_to_cpus
from redisched.cli.metrics_port import expect_free_ports, expect_metrics_extra
from redisched.cli.parameters import prefix_of_command, worker_url_option
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
@metrics_options
@worker_url_option
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
    metrics_port, metrics_host = given["metrics_port"], given["metrics_host"]
    if metrics_port is not None:
        expect_metrics_extra()
        expect_free_ports(metrics_host, metrics_port, settings.processes)
    prefix = prefix_of_command()
    # The worker processes load the application, which reads these from the environment.
    for variable, value in ((URL_VARIABLE, url), (PREFIX_VARIABLE, prefix)):
        if value is not None:
            os.environ[variable] = value
    configure_logging(settings)
    if sizes is not None:
        log.info(sizes)
    work = Work(
        target=target,
        settings=settings,
        url=url,
        prefix=prefix,
        embedded=embedded,
        metrics_port=metrics_port,
        metrics_host=metrics_host,
    )
    raise click.exceptions.Exit(int(supervise(work, health_file)))
