"""Shows a reading again and again, for --watch."""

import sys
from collections.abc import Callable
from time import sleep
from typing import TypeVar

import click

from redisched.cli.exit_codes import INTERRUPTED
from redisched.cli.machine import print_json
from redisched.cli.parameters import F
from redisched.cli.terminal import can_erase
from redisched.errors import BrokerUnavailable
from redisched.jsonable import to_json

T = TypeVar("T")
INTERVAL_S = 2.0
_CLEAR = "\033[H\033[J"


def watch_option(command: F) -> F:
    """Add --watch."""
    return click.option(
        "--watch", "is_watched", is_flag=True, help=f"Read again every {INTERVAL_S:g} seconds, until Ctrl-C."
    )(command)


def show_reading(read: Callable[[], T], show: Callable[[T], None], is_watched: bool) -> None:
    """Read and show, once or again and again. On a terminal, each reading takes the place of the one before.

    While Redis does not answer, a watched reading stays and the reason is printed.
    """
    if not is_watched:
        show(read())
        return
    try:
        while True:
            try:
                reading = read()
            except BrokerUnavailable as error:
                click.echo(str(error), err=True)
            else:
                if can_erase(sys.stdout):
                    click.echo(_CLEAR, nl=False)
                show(reading)
            sys.stdout.flush()
            sleep(INTERVAL_S)
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None


def print_reading(value: object, is_watched: bool) -> None:
    """Print a value as JSON; if it is watched, on one line for each reading."""
    if is_watched:
        click.echo(to_json(value, ensure_ascii=True))
    else:
        print_json(value)
