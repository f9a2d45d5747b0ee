"""Loading the application somebody named, and showing what is wrong with it where its author can see it."""

from collections.abc import Sequence

import click

from redisched.engine.application import Application, load_application, traceback_of_module
from redisched.errors import AppNotFound


def load(target: str, imports: Sequence[str] = ()) -> Application:
    """The application of MODULE:APP. What its module raises is printed with the module's own part of the traceback.

    Raises AppNotFound, and ClickException after printing.
    """
    try:
        return load_application(target, imports)
    except AppNotFound:
        raise
    except Exception as error:
        click.echo(traceback_of_module(error), err=True)
        raise click.ClickException(f"{target} cannot be loaded for the reason above") from error
