"""JSON for machines, of anything a task may hold."""

import click

from redisched.jsonable import to_json


def print_json(value: object) -> None:
    """Print a value as indented JSON in ASCII, which no terminal mistakes for a command."""
    click.echo(to_json(value, indent=2, ensure_ascii=True))
