"""Options and arguments of tasks, for commands that enqueue tasks or say which ones are to be enqueued."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from redisched.cli.completing import complete_queue
from redisched.cli.parameters import priority, seconds
from redisched.model import Keep

words_argument = click.argument("words", metavar="[ARGUMENTS]...", nargs=-1, type=click.UNPROCESSED)
kwarg_option = click.option(
    "--kwarg",
    "pairs",
    metavar="KEY=VALUE",
    multiple=True,
    help="A keyword argument of the handler. For several, repeat the option.",
)
priority_option = click.option(
    "--priority",
    type=priority,
    metavar="0..255",
    help="A lower number runs first; or critical, high, normal, low, bulk.",
)
queue_of_handler_option = click.option(
    "--queue",
    metavar="NAME",
    shell_complete=complete_queue,
    help="Default: the queue of the handler with --app, else 'default'.",
)
limit_options: Sequence[Callable[[Any], Any]] = (
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
)
max_attempts_option = click.option("--max-attempts", type=int, metavar="N", help="How many times it is tried at most.")
