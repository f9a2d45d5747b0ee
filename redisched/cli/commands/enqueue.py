"""`redisched enqueue`: enqueues a task from the shell, by the name of its handler."""

from typing import Any

import click

from redisched.cli.arguments import CommandTakingNumbers, keywords_of, value_of
from redisched.cli.completing import complete_handler
from redisched.cli.deployment import import_option
from redisched.cli.machine import print_json
from redisched.cli.parameters import F, json_option, moment, seconds, url_option, with_all
from redisched.cli.producing import app_option, application_with, place_of, why_none_starts
from redisched.cli.session import session
from redisched.cli.task_options import (
    kwarg_option,
    limit_options,
    max_attempts_option,
    priority_option,
    queue_of_handler_option,
    words_argument,
)
from redisched.embedded import join
from redisched.errors import BrokerUnavailable
from redisched.model import OnDuplicate
from redisched.printable import shell_word


def _scope(text: str) -> str | float:
    """How long a unique key is held: a word, or a duration."""
    return text if text.startswith("until") else seconds(text)


_TASK_OPTIONS = (
    priority_option,
    click.option("--delay", type=seconds, metavar="DURATION", help="Run it after this time: 500ms, 10s, 5m, 2h, 1d."),
    click.option(
        "--run-at",
        type=moment,
        metavar="MOMENT",
        help="Run it at this time: 2030-01-31T09:00:00Z, or seconds since 1970.",
    ),
    queue_of_handler_option,
    click.option(
        "--id", metavar="ID", help="An id of your choice. Enqueueing the same task again under this id adds nothing."
    ),
    *limit_options,
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
    max_attempts_option,
)


def _how_to_repeat(task_id: str, chosen: str | None) -> str:
    """How the command can be repeated after a lost answer. `chosen` is its own --id."""
    if chosen is None and "~" in task_id:
        # A unique task for which redisched gave the id: no --id leads to the same one.
        return "repeat the command, which adds no other task while this one has its key"
    option = shell_word(f"--id={task_id if chosen is None else chosen}")
    return f"repeat the command with {option}, which adds nothing twice"


def _task_options(command: F) -> F:
    return with_all(_TASK_OPTIONS, command)


@click.command(cls=CommandTakingNumbers)
@click.argument("name", shell_complete=complete_handler)
@words_argument
@kwarg_option
@_task_options
@app_option
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
    application = application_with("NAME", name, target, imports)
    with session(place_of(application, url), join) as opened:
        # The application builds the task, and the session sends it, because --url selects the Redis of the session.
        maker = application or opened.scheduler
        request = maker.request(name, *map(value_of, words), kwargs=keywords, **given)
        try:
            (task,) = opened.scheduler.enqueue_many([request])
        except BrokerUnavailable as error:
            raise error.advising(request.id, _how_to_repeat(request.id, options["id"])) from error
        warning = why_none_starts(opened, task.queue, target, options["queue"])
    if as_json:
        print_json({"id": task.id, "name": name, "queue": task.queue, "is_new": task.is_new})
    else:
        click.echo(task.id)
    if warning:
        click.echo(f"Warning: {warning}", err=True)
