"""`redisched queue`: queues and how many tasks each has where."""

from dataclasses import asdict

import click

from redisched.cli.machine import print_json
from redisched.cli.parameters import json_option, url_option
from redisched.cli.session import session
from redisched.cli.tables import print_table
from redisched.cli.times import duration


@click.group()
def queue() -> None:
    """See how many tasks are where."""


@queue.command("ls")
@url_option
@json_option
def list_queues(url: str | None, as_json: bool) -> None:
    """List the queues: tasks that are ready, scheduled, leased and dead, and how long the oldest ready one waits.

    JSON: a list of queue, ready, scheduled, leased, dead, finished, oldest_ready_ms, now_ms, for each priority in use
    priorities: priority, ready, scheduled, and repairs: how many tasks of it had been damaged and were repaired, by
    kind.
    """
    with session(url) as opened:
        inspectors = [opened.inspector(name) for name in opened.queues(None)]
        counts = [opened.ask(inspector.counts) for inspector in inspectors]
        repairs = [opened.ask(inspector.repairs) for inspector in inspectors] if as_json else []
    if as_json:
        print_json([{**asdict(one), "repairs": made} for one, made in zip(counts, repairs, strict=True)])
    elif not counts:
        click.echo("There is no queue yet. Make one: redisched enqueue NAME ARGUMENTS...")
    else:
        print_table(
            ("QUEUE", "READY", "SCHEDULED", "LEASED", "DEAD", "OLDEST"),
            [
                (
                    one.queue,
                    one.ready,
                    one.scheduled,
                    one.leased,
                    one.dead,
                    None if one.oldest_ready_ms is None else duration(one.oldest_ready_ms),
                )
                for one in counts
            ],
        )
