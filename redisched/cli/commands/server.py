"""`redisched server`: starts and stops the embedded server of the project, and reports its status."""

import os
from typing import Any

import click

from redisched.cli.machine import print_json
from redisched.cli.parameters import json_option
from redisched.cli.tables import print_facts
from redisched.config import URL_VARIABLE, url_from
from redisched.embedded import ServerStatus
from redisched.embedded import start as start_embedded
from redisched.embedded import status as ask_embedded
from redisched.embedded import stop as stop_embedded


@click.group()
def server() -> None:
    """Start and stop the embedded server; show its status.

    It belongs to the project of the current folder, or to the folder named by REDISCHED_DATA. Every command that needs
    it starts it for as long as the command runs. After `start` it runs until it is stopped.
    """


@server.command()
@json_option
def start(as_json: bool) -> None:
    """Start the server; it runs until it is stopped.

    JSON: as `status` prints it.
    """
    _tell(start_embedded(), as_json)
    if url_from(os.environ) is not None:
        click.echo(f"{URL_VARIABLE} is set, so commands use that Redis and not this server.", err=True)


@server.command()
@json_option
def stop(as_json: bool) -> None:
    """Stop the server, even if programs use it. Its data is kept.

    JSON: as `status` prints it, from before the stop.
    """
    before = stop_embedded()
    if as_json:
        print_json(_record(before))
    else:
        click.echo("The server is stopped; its data is kept." if before.running else "The server was not running.")


@server.command()
@json_option
def status(as_json: bool) -> None:
    """Show whether the server runs. The exit code is 1 if it does not.

    JSON: running, stays (whether it runs on when no program uses it), pid, url, version, data_directory.
    """
    found = ask_embedded()
    _tell(found, as_json)
    if not found.running:
        raise click.exceptions.Exit(1)


def _tell(found: ServerStatus, as_json: bool) -> None:
    if as_json:
        print_json(_record(found))
        return
    print_facts(
        [
            ("server", found.version or "runs" if found.running else "not running"),
            ("stays", ("until it is stopped" if found.stays else "while programs use it") if found.running else None),
            ("pid", found.pid),
            ("url", found.url),
            ("data", found.data_directory),
        ]
    )
    if not found.running:
        click.echo("Start it: redisched server start")


def _record(found: ServerStatus) -> dict[str, Any]:
    return {
        "running": found.running,
        "stays": found.stays,
        "pid": found.pid,
        "url": found.url,
        "version": found.version,
        "data_directory": str(found.data_directory),
    }
