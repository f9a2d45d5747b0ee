"""Prints JSON for programs."""

import click

from redisched.jsonable import to_json


def print_json(value: object) -> None:
    """Print a value as indented JSON. As it is ASCII only, a terminal executes no control sequence in it."""
    click.echo(to_json(value, indent=2, ensure_ascii=True))
