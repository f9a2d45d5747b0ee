"""What may be written to a terminal: a line that takes the place of another needs one that can erase."""

import os
import sys
from typing import TextIO

import click

_ERASE_LINE = "\r\033[K"


def can_erase(stream: TextIO) -> bool:
    """Whether a stream is a terminal that understands control sequences. A dumb one, such as a shell within an editor,
    would print them.
    """
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def show_status(text: str) -> None:
    """On a terminal that can erase, show on stderr how far a command has come, in place of what it showed before."""
    if can_erase(sys.stderr):
        click.echo(f"{_ERASE_LINE}{text}", nl=False, err=True)


def clear_status() -> None:
    """Erase what `show_status` has shown."""
    if can_erase(sys.stderr):
        click.echo(_ERASE_LINE, nl=False, err=True)
