"""`redisched enqueue`: a task from the shell, by the name of its handler."""

from typing import Any

import click

from redisched.cli.arguments import CommandTakingNumbers, keywords_of, value_of
from redisched.cli.machine import print_json
from redisched.cli.parameters import json_option, moment, priority, seconds, url_option
from redisched.cli.session import session


@click.command(cls=CommandTakingNumbers)
@click.argument("name")
@click.argument("words", metavar="[ARGUMENTS]...", nargs=-1, type=click.UNPROCESSED)
@click.option("--kwarg", "pairs", metavar="KEY=VALUE", multiple=True, help="A keyword argument; may be repeated.")
@click.option(
    "--priority", type=priority, metavar="0..255", help="Lower runs first; critical, high, normal, low, bulk."
)
@click.option("--delay", type=seconds, metavar="DURATION", help="Run it so much later: 500ms, 10s, 5m, 2h, 1d.")
@click.option("--run-at", type=moment, metavar="MOMENT", help="Run it then: 2030-01-31T09:00:00Z, or epoch seconds.")
@click.option("--queue", metavar="NAME", help="The queue, 'default' otherwise.")
@click.option("--id", metavar="ID", help="An id of your own: enqueued again, it adds nothing.")
@click.option("--timeout", type=seconds, metavar="DURATION", help="How long its handler may run.")
@click.option("--max-attempts", type=int, metavar="N", help="How often it is tried.")
@url_option
@json_option
def enqueue(
    name: str,
    words: tuple[str, ...],
    pairs: tuple[str, ...],
    url: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Enqueue a task by the name of its handler.

    It prints the task's id. Each of ARGUMENTS is a JSON value where it is one (1, true, [1,2], '"1"'), else a text.
    The handler's own options live in the application, so queue, priority and the others are those given here.
    JSON: id, name, queue.
    """
    keywords = keywords_of(pairs)
    given = {name: value for name, value in options.items() if value is not None}
    with session(url) as opened:
        task = opened.scheduler.enqueue(name, *map(value_of, words), kwargs=keywords, **given)
    if as_json:
        print_json({"id": task.id, "name": name, "queue": task.queue})
    else:
        click.echo(task.id)
