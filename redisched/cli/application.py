"""Loads the application that the user named. If its module raises an error of its own, prints the traceback."""

from collections.abc import Sequence

import click

from redisched.client.scheduler import Scheduler
from redisched.engine.application import Application, load_application, place_in_module, traceback_of_module
from redisched.errors import AppNotFound, InvalidInput


def load(target: str, imports: Sequence[str] = ()) -> Application:
    """Load the application of MODULE:APP. If its module raises, print the part of the traceback that is in the module.

    Raises AppNotFound, also for what redisched refuses in it, or ClickException after it has printed a traceback.
    """
    try:
        return load_application(target, imports)
    except AppNotFound:
        raise
    except InvalidInput as error:
        # The sentence says it all, and a line of the module may show a URL with its password.
        raise AppNotFound(target, f"{place_in_module(error)}{error}") from None
    except Exception as error:
        click.echo(traceback_of_module(error), err=True)
        raise click.ClickException(f"{target} cannot be loaded for the reason above") from error


def load_scheduler(target: str, imports: Sequence[str] = ()) -> Scheduler:
    """Load as `load` does an application whose handlers are asked for. Raises AppNotFound if it is no Scheduler."""
    application = load(target, imports)
    if not isinstance(application, Scheduler):
        raise AppNotFound(target, "it is not a Scheduler")
    return application
