"""`redisched queue`: lists queues with their task counts and shards, and adds shards."""

from dataclasses import asdict

import click

from redisched.cli.machine import print_json
from redisched.cli.parameters import json_option, url_option
from redisched.cli.session import Session, session
from redisched.cli.tables import print_table
from redisched.cli.times import duration
from redisched.counted import counted
from redisched.keys import shard_name
from redisched.store.slots import SlotMap
from redisched.store.view import QueueCounts, total


@click.group()
def queue() -> None:
    """Count the tasks of each queue; add shards to a queue."""


@queue.command("ls")
@click.option(
    "--shards", "by_shard", is_flag=True, help="Print a line for each shard; QUEUE/1 is the second shard of QUEUE."
)
@url_option
@json_option
def list_queues(by_shard: bool, url: str | None, as_json: bool) -> None:
    """List the queues with the number of their tasks in each state.

    OLDEST is how long the oldest ready task has been waiting.

    JSON: a list of queue, ready, scheduled, leased, dead, finished, oldest_ready_ms, now_ms, priorities (a list of
    priority, ready, scheduled), repairs (kind of repair: how many tasks) and shards (their number). With --shards: the
    same for each shard, with its number as shard and its cluster node as node, but without repairs and shards.
    """
    with session(url) as opened:
        counts = {name: opened.ask(opened.inspector(name).counts_by_shard) for name in opened.queues(None)}
        slots = opened.slots() if by_shard else None
        if as_json:
            print_json(_shard_records(opened, counts, slots) if by_shard else _records(opened, counts))
            return
    if not counts:
        click.echo("There is no queue yet. Enqueue a task: redisched enqueue NAME ARGUMENTS...")
    elif by_shard:
        every = [(name, at, one) for name, of_shards in counts.items() for at, one in enumerate(of_shards)]
        rows = [_row(shard_name(name, at), one) for name, at, one in every]
        if slots is not None:
            rows = [(*row, opened.node_of(name, at, slots)) for row, (name, at, _) in zip(rows, every, strict=True)]
        print_table(_HEADINGS if slots is None else (*_HEADINGS, "NODE"), rows)
    else:
        print_table(_HEADINGS, [_row(name, total(of_shards)) for name, of_shards in counts.items()])


@queue.command("grow")
@click.argument("name", metavar="NAME")
@click.option("--shards", type=int, required=True, help="The new total number of shards; not less than now.")
@url_option
@json_option
def grow_queue(name: str, shards: int, url: str | None, as_json: bool) -> None:
    """Add shards to a queue, also while it is in use. Each shard is in its own cluster slot.

    New tasks go to all shards; waiting tasks stay where they are. Workers notice the new shards within seconds. The
    number of shards cannot be reduced later. If there is no queue of this name, it is created.

    JSON: queue, shards.
    """
    with session(url) as opened:
        opened.scheduler.grow(name, shards)
    if as_json:
        print_json({"queue": name, "shards": shards})
    else:
        click.echo(f"{name} has {counted(shards, 'shard')}: redisched queue ls --shards")


_HEADINGS = ("QUEUE", "READY", "SCHEDULED", "LEASED", "DEAD", "OLDEST")


def _row(name: str, one: QueueCounts) -> tuple[object, ...]:
    oldest = None if one.oldest_ready_ms is None else duration(one.oldest_ready_ms)
    return name, one.ready, one.scheduled, one.leased, one.dead, oldest


def _records(opened: Session, counts: dict[str, list[QueueCounts]]) -> list[dict[str, object]]:
    return [
        {
            **asdict(total(of_shards)),
            "shards": len(of_shards),
            "repairs": opened.ask(opened.inspector(name).repairs),
        }
        for name, of_shards in counts.items()
    ]


def _shard_records(
    opened: Session, counts: dict[str, list[QueueCounts]], slots: SlotMap | None
) -> list[dict[str, object]]:
    return [
        {**asdict(one), "shard": at, "node": opened.node_of(one.queue, at, slots)}
        for of_shards in counts.values()
        for at, one in enumerate(of_shards)
    ]
