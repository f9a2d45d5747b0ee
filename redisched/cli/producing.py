"""What commands share that enqueue tasks: the application with the handler, and why no worker takes the tasks now."""

from collections.abc import Sequence
from functools import partial

import click

from redisched.cli.application import load_scheduler
from redisched.cli.deployment import APP_VARIABLE, option
from redisched.cli.parameters import use_prefix
from redisched.cli.session import Session
from redisched.client.scheduler import Scheduler
from redisched.errors import BrokerError
from redisched.printable import printable
from redisched.store.serving import is_served

_WHOSE_QUEUE = (
    f"; if the handler uses another queue, name it with --queue, or its application with --app or {APP_VARIABLE}"
)
app_option = option("--app", "target", metavar="MODULE:APP", help="The application that has the handler.")


def application_with(argument: str, handler: str, target: str | None, imports: Sequence[str]) -> Scheduler | None:
    """Load the application of --app; None if none is named. Raises BadParameter, which names the argument, if it does
    not have the handler.
    """
    application = load_scheduler(target, imports) if target else None
    if application is not None and target is not None:
        check_handler(argument, handler, application, target)
    return application


def check_handler(argument: str, handler: str, application: Scheduler, target: str) -> None:
    """Raises BadParameter, which names the argument, if the application of --app does not have the handler."""
    if application.registry.get(handler) is None:
        known = ", ".join(printable(entry.name) for entry in application.registry) or "none"
        raise click.BadParameter(f"{target} has no handler {handler!r}; there are: {known}", param_hint=argument)


def place_of(application: Scheduler | None, url: str | None) -> str | None:
    """Return the URL from --url, else from the application's settings; also use the prefix of these settings."""
    if application is None:
        return url
    if application.settings.prefix is not None:
        use_prefix(application.settings.prefix)
    return url or application.settings.url


def why_none_starts(opened: Session, queue: str, target: str | None, given_queue: str | None) -> str:
    """Why nobody takes a task of a queue now; "" if workers do, or Redis does not answer the question."""
    try:
        if opened.ask(opened.inspector(queue).pause) is not None:
            return f"queue {queue} is paused; resume it: redisched queue resume {queue}"
        if opened.ask(partial(is_served, opened.scheduler.broker.script_runner, queue)):
            return ""
    except BrokerError:
        return ""
    start = f"redisched worker {target or 'MODULE:APP'} --queues {queue}"
    hint = "" if target or given_queue else _WHOSE_QUEUE
    return f"no worker serves queue {queue} now; start one: {start}{hint}"
