"""What commands that change something do only if they are told to: --dry-run and --yes.

A command acts at once on what is given by name or id. If it is given a filter, a pattern or --all, or if it removes all
that a queue has, it says what it would do, and needs --yes.
"""

from collections.abc import Callable
from typing import NoReturn

import click

from redisched.cli.parameters import F


def dry_run_option(meaning: str) -> Callable[[F], F]:
    """Declare --dry-run."""
    return click.option("--dry-run", is_flag=True, help=meaning)


def yes_option(meaning: str) -> Callable[[F], F]:
    """Declare --yes."""
    return click.option("--yes", is_flag=True, help=meaning)


def refuse_without_yes() -> NoReturn:
    """End a command that has said what it would do, with exit code 1."""
    click.echo("Nothing was changed. To act, repeat the command with --yes.", err=True)
    raise click.exceptions.Exit(1)
