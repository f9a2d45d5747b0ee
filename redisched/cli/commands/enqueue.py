"""`redisched enqueue`: enqueues a task from the shell, by the name of its handler."""

from functools import partial
from typing import Any

import click

from redisched.cli.application import load_scheduler
from redisched.cli.arguments import CommandTakingNumbers, keywords_of, value_of
from redisched.cli.deployment import APP_VARIABLE, import_option, option
from redisched.cli.machine import print_json
from redisched.cli.parameters import F, json_option, moment, priority, seconds, url_option, use_prefix, with_all
from redisched.cli.session import Session, session
from redisched.client.scheduler import Scheduler
from redisched.embedded import join
from redisched.errors import BrokerError
from redisched.model import Keep, OnDuplicate
from redisched.printable import printable
from redisched.store.serving import is_served

_WHOSE_QUEUE = (
    f"; if the handler uses another queue, name it with --queue, or its application with --app or {APP_VARIABLE}"
)


def _scope(text: str) -> str | float:
    """How long a unique key is held: a word, or a duration."""
    return text if text.startswith("until") else seconds(text)


_TASK_OPTIONS = (
    click.option(
        "--priority",
        type=priority,
        metavar="0..255",
        help="A lower number runs first; or critical, high, normal, low, bulk.",
    ),
    click.option("--delay", type=seconds, metavar="DURATION", help="Run it after this time: 500ms, 10s, 5m, 2h, 1d."),
    click.option(
        "--run-at",
        type=moment,
        metavar="MOMENT",
        help="Run it at this time: 2030-01-31T09:00:00Z, or seconds since 1970.",
    ),
    click.option("--queue", metavar="NAME", help="Default: the queue of the handler with --app, else 'default'."),
    click.option(
        "--id", metavar="ID", help="An id of your choice. Enqueueing the same task again under this id adds nothing."
    ),
    click.option("--timeout", type=seconds, metavar="DURATION", help="How long one attempt may run."),
    click.option(
        "--expires",
        type=seconds,
        metavar="DURATION",
        help="End the task as expired if no worker starts it within this time.",
    ),
    click.option(
        "--deadline",
        type=seconds,
        metavar="DURATION",
        help="Begin no other attempt after this time; then the task is dead.",
    ),
    click.option(
        "--keep", type=click.Choice([keep.value for keep in Keep]), help="What is kept of the task after its end."
    ),
    click.option(
        "--unique",
        metavar="KEY",
        help="Add nothing while another task of this handler has this key; with --app also {ARGUMENT} of the handler.",
    ),
    click.option(
        "--unique-for",
        type=_scope,
        metavar="SCOPE",
        help="How long the key is held: until_started, until_done (the default), or a DURATION.",
    ),
    click.option(
        "--on-duplicate",
        type=click.Choice([mode.value for mode in OnDuplicate]),
        help="What is done while another task has the key; the default is to print its id.",
    ),
    click.option(
        "--debounce-max", type=seconds, metavar="DURATION", help="With debounce: how long a task is put off at most."
    ),
    click.option("--max-attempts", type=int, metavar="N", help="How many times it is tried at most."),
)


def _task_options(command: F) -> F:
    return with_all(_TASK_OPTIONS, command)


@click.command(cls=CommandTakingNumbers)
@click.argument("name")
@click.argument("words", metavar="[ARGUMENTS]...", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--kwarg",
    "pairs",
    metavar="KEY=VALUE",
    multiple=True,
    help="A keyword argument of the handler. For several, repeat the option.",
)
@_task_options
@option("--app", "target", metavar="MODULE:APP", help="The application that has the handler.")
@import_option
@url_option
@json_option
def enqueue(
    name: str,
    words: tuple[str, ...],
    pairs: tuple[str, ...],
    target: str | None,
    imports: tuple[str, ...],
    url: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Enqueue a task by the name of its handler.

    It prints the id of the task. Each of ARGUMENTS that is valid JSON (1, true, [1,2], '"1"') is passed as that value,
    any other as text. With --app, the arguments are checked against the handler's signature, and the handler gives
    the options that are missing here. It warns if the queue is paused, or no worker serves it. JSON: id, name, queue,
    is_new (false if another task was found in its place).
    """
    keywords = keywords_of(pairs)
    given = {name: value for name, value in options.items() if value is not None}
    application = load_scheduler(target, imports) if target else None
    if application is not None and application.registry.get(name) is None:
        known = ", ".join(printable(entry.name) for entry in application.registry) or "none"
        raise click.BadParameter(f"{target} has no handler {name!r}; there are: {known}", param_hint="NAME")
    with session(_place_of(application, url), join) as opened:
        # The application builds the task, and the session sends it, because --url selects the Redis of the session.
        maker = application or opened.scheduler
        request = maker.request(name, *map(value_of, words), kwargs=keywords, **given)
        (task,) = opened.scheduler.enqueue_many([request])
        warning = _warning(opened, task.queue, target, "" if target or options["queue"] else _WHOSE_QUEUE)
    if as_json:
        print_json({"id": task.id, "name": name, "queue": task.queue, "is_new": task.is_new})
    else:
        click.echo(task.id)
    if warning:
        click.echo(f"Warning: {warning}", err=True)


def _place_of(application: Scheduler | None, url: str | None) -> str | None:
    """Return the URL from --url, else from the application's settings; also use the prefix of these settings."""
    if application is None:
        return url
    if application.settings.prefix is not None:
        use_prefix(application.settings.prefix)
    return url or application.settings.url


def _warning(opened: Session, queue: str, target: str | None, hint: str) -> str:
    """Why nobody takes a task of a queue now; "" if workers do, or Redis does not answer the question."""
    try:
        if opened.ask(opened.inspector(queue).pause) is not None:
            return f"queue {queue} is paused; resume it: redisched queue resume {queue}"
        if opened.ask(partial(is_served, opened.scheduler.broker.script_runner, queue)):
            return ""
    except BrokerError:
        return ""
    start = f"redisched worker {target or 'MODULE:APP'} --queues {queue}"
    return f"no worker serves queue {queue} now; start one: {start}{hint}"
