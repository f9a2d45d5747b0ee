"""`redisched queue`: lists and shows queues with their task counts, adds shards; other modules add the rest."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import NamedTuple

import click

from redisched.cli.commands.deleting import purge_queue
from redisched.cli.commands.draining import drain_queue, remove_queue
from redisched.cli.commands.pausing import pause_queue, resume_queue
from redisched.cli.completing import complete_queue
from redisched.cli.consent import dry_run_option
from redisched.cli.machine import print_json
from redisched.cli.parameters import json_option, url_option
from redisched.cli.pause_text import pause_text
from redisched.cli.refreshing import print_reading, show_reading, watch_option
from redisched.cli.session import Session, session
from redisched.cli.tables import print_facts, print_table
from redisched.counted import counted
from redisched.errors import CannotShrink
from redisched.keys import shard_name
from redisched.option_checks import check_queue, check_whole
from redisched.records.queue import pause_record, queue_record
from redisched.shard_map import LARGEST_COUNT
from redisched.store.pausing import QueuePause
from redisched.store.slots import SlotMap
from redisched.store.view import QueueCounts, total
from redisched.times import duration


@click.group()
def queue() -> None:
    """List queues; pause, drain, purge, grow and remove a queue."""


for _command in (pause_queue, resume_queue, drain_queue, purge_queue, remove_queue):
    queue.add_command(_command)


@queue.command("ls")
@click.option(
    "--shards", "by_shard", is_flag=True, help="Print a line for each shard; QUEUE/1 is the second shard of QUEUE."
)
@watch_option
@url_option
@json_option
def list_queues(by_shard: bool, is_watched: bool, url: str | None, as_json: bool) -> None:
    """List the queues with the number of their tasks in each state.

    OLDEST is how long the oldest ready task has been waiting; PAUSED is since when the queue is paused, and by whom.

    JSON: a list of queue, ready, scheduled, leased, dead, finished, oldest_ready_ms, now_ms, priorities (a list of
    priority, ready, scheduled), running and retrying, which are among leased and scheduled, running_is_exact and
    retrying_is_exact (false: at least so many), repairs (kind of repair: how many tasks), shards (their number) and
    paused{since_ms, until_ms, by}, null if the queue is not paused. With --shards: the same for each shard, with its
    number as shard and its cluster node as node, but without running, retrying, repairs and shards. With --watch, one
    such list on a line for each reading.
    """

    def show(found: _Found) -> None:
        lines, slots = (found.shards(), opened.slots()) if by_shard else (found.queues(), None)
        if as_json:
            records = _shard_records(opened, lines, slots) if by_shard else _records(opened, found.counts)
            marked = [record | pause_record(line.pauses) for record, line in zip(records, lines, strict=True)]
            print_reading(marked, is_watched)
        elif lines:
            _print(opened, lines, slots)
        else:
            click.echo("There is no queue yet. Enqueue a task: redisched enqueue NAME ARGUMENTS...")

    with session(url) as opened:
        show_reading(lambda: _read(opened), show, is_watched)


@queue.command("show")
@click.argument("name", metavar="NAME", shell_complete=complete_queue)
@url_option
@json_option
def show_queue(name: str, url: str | None, as_json: bool) -> None:
    """Show a queue: its tasks by state and priority, and who paused it.

    JSON: as one of the list of `redisched queue ls --json`.
    """
    with session(url) as opened:
        opened.queues(name)
        counts = {name: opened.ask(opened.inspector(name).counts_by_shard)}
        (record,) = _records(opened, counts)
        pauses = opened.ask(opened.inspector(name).pauses)
    if as_json:
        print_json(record | pause_record(pauses))
        return
    one = total(counts[name])
    facts = [(heading.lower(), cell) for heading, cell in zip(_HEADINGS, _row(name, one, pauses), strict=True)]
    print_facts(
        [
            *facts,
            ("running", _at_least(record["running"], record["running_is_exact"])),
            ("retrying", _at_least(record["retrying"], record["retrying_is_exact"])),
            ("finished", one.finished),
            ("shards", len(counts[name])),
        ]
    )
    if len(one.priorities) > 1:
        click.echo()
        rows = [(of.priority, of.ready, of.scheduled) for of in one.priorities]
        print_table(("PRIORITY", "READY", "SCHEDULED"), rows)


@queue.command("grow")
@click.argument("name", metavar="NAME", shell_complete=complete_queue)
@click.option("--shards", type=int, required=True, help="The new total number of shards; not less than now.")
@dry_run_option("Only say how many shards it has.")
@url_option
@json_option
def grow_queue(name: str, shards: int, dry_run: bool, url: str | None, as_json: bool) -> None:
    """Add shards to a queue, also while it is in use. Each shard is in its own cluster slot.

    New tasks go to all shards; waiting tasks stay where they are. Workers notice the new shards within seconds. The
    number of shards cannot be reduced later. If there is no queue of this name, it is created.

    JSON: queue, shards; with --dry-run its shards now, 0 if there is no such queue.
    """
    with session(url) as opened:
        if dry_run:
            _tell_shards(opened, name, shards, as_json)
            return
        opened.scheduler.grow(name, shards)
    if as_json:
        print_json({"queue": name, "shards": shards})
    else:
        click.echo(f"{name} has {counted(shards, 'shard')}: redisched queue ls --shards")


def _tell_shards(opened: Session, name: str, wanted: int, as_json: bool) -> None:
    """Say how many shards a queue has, and would get. Raises CannotShrink as growing it does."""
    check_queue("queue", name)
    is_known = name in opened.queues(None)
    shards = opened.ask(opened.inspector(name).shard_map).shards if is_known else 0
    check_whole("shards", wanted, 1, LARGEST_COUNT)
    if wanted < shards:
        raise CannotShrink(name, shards, wanted)
    if as_json:
        print_json({"queue": name, "shards": shards})
    elif is_known:
        click.echo(f"{name} has {counted(shards, 'shard')}, and would have {wanted}.")
    else:
        click.echo(f"There is no queue {name}; it would be created with {counted(wanted, 'shard')}.")


class _Line(NamedTuple):
    """What a line of the listing is about: a whole queue, or one of its shards."""

    shard: int
    counts: QueueCounts
    pauses: Sequence[QueuePause | None]


class _Found(NamedTuple):
    """The counts of each queue by shard, and the pauses of its shards."""

    counts: dict[str, list[QueueCounts]]
    pauses: dict[str, list[QueuePause | None]]

    def queues(self) -> list[_Line]:
        return [_Line(0, total(of_shards), self.pauses[queue]) for queue, of_shards in self.counts.items()]

    def shards(self) -> list[_Line]:
        return [
            _Line(at, counts, self.pauses[queue][at : at + 1])
            for queue, of_shards in self.counts.items()
            for at, counts in enumerate(of_shards)
        ]


def _read(opened: Session) -> _Found:
    counts = {name: opened.ask(opened.inspector(name).counts_by_shard) for name in opened.queues(None)}
    return _Found(counts, {name: opened.ask(opened.inspector(name).pauses) for name in counts})


def _print(opened: Session, lines: Sequence[_Line], slots: SlotMap | None) -> None:
    rows = [_row(shard_name(line.counts.queue, line.shard), line.counts, line.pauses) for line in lines]
    if slots is not None:
        nodes = [opened.node_of(line.counts.queue, line.shard, slots) for line in lines]
        rows = [(*row, node) for row, node in zip(rows, nodes, strict=True)]
    print_table(_HEADINGS if slots is None else (*_HEADINGS, "NODE"), rows)


_HEADINGS = ("QUEUE", "READY", "SCHEDULED", "LEASED", "DEAD", "OLDEST", "PAUSED")


def _row(name: str, one: QueueCounts, pauses: Sequence[QueuePause | None]) -> tuple[object, ...]:
    oldest = None if one.oldest_ready_ms is None else duration(one.oldest_ready_ms)
    return name, one.ready, one.scheduled, one.leased, one.dead, oldest, pause_text(pauses, one.now_ms)


def _at_least(number: object, is_exact: object) -> str:
    return f"{number}" if is_exact else f"at least {number}"


def _records(opened: Session, counts: dict[str, list[QueueCounts]]) -> list[dict[str, object]]:
    return [
        queue_record(of_shards, opened.ask(opened.inspector(name).stages), opened.ask(opened.inspector(name).repairs))
        for name, of_shards in counts.items()
    ]


def _shard_records(opened: Session, lines: Sequence[_Line], slots: SlotMap | None) -> list[dict[str, object]]:
    return [
        {
            **asdict(line.counts),
            "shard": line.shard,
            "node": opened.node_of(line.counts.queue, line.shard, slots),
        }
        for line in lines
    ]
