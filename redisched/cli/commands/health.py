"""`redisched health`: tells whether a worker on this machine is healthy, for the health check of a container."""

import time
from dataclasses import asdict
from pathlib import Path

import click

from redisched.cli.deployment import DEFAULT_HEALTH_FILE, health_file_option
from redisched.cli.health import read_health
from redisched.cli.machine import print_json
from redisched.cli.parameters import json_option
from redisched.printable import printable


@click.command()
@health_file_option(default=DEFAULT_HEALTH_FILE, show_default=True, help="The health file of the worker.")
@json_option
def health(health_file: Path, as_json: bool) -> None:
    """Check by its health file whether a worker is healthy.

    `redisched worker --health-file FILE` writes the file again and again while Redis answers every process of that
    worker. The exit code is 0 if the file is at most 10 s old and every process makes progress, else 1. A process makes
    none if it starts or claims nothing though tasks are due and slots are free, or if all of its handlers run longer
    than their timeouts. One that has nothing to do is healthy.

    JSON: healthy, file, age_s, seconds_since_contact{name of a process: seconds}, stalled{name: reason, seconds,
    sentence}.
    """
    try:
        found = read_health(health_file, time.time())
    except OSError as error:
        raise click.ClickException(f"{printable(str(health_file))} cannot be read: {error.strerror}") from error
    if as_json:
        print_json(asdict(found))
    else:
        for sentence in found.sentences:
            click.echo(printable(sentence))
    if not found.healthy:
        raise click.exceptions.Exit(1)
