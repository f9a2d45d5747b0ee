"""`redisched queue pause | resume`: keeps workers from taking tasks of a queue."""

from collections.abc import Sequence

import click

from redisched.cli.completing import complete_queue
from redisched.cli.consent import dry_run_option
from redisched.cli.machine import print_json
from redisched.cli.parameters import check_some_time, json_option, seconds, url_option
from redisched.cli.session import session
from redisched.counted import counted
from redisched.records.queue import pause_record
from redisched.store.pausing import QueuePause
from redisched.times import exact


@click.command("pause")
@click.argument("name", metavar="NAME", shell_complete=complete_queue)
@click.option(
    "--for",
    "duration",
    type=seconds,
    callback=check_some_time,
    metavar="DURATION",
    help="Resume it after this time: 10s, 5m, 2h, 1d. Default: when somebody resumes it.",
)
@dry_run_option("Only say what would be paused.")
@url_option
@json_option
def pause_queue(name: str, duration: float | None, dry_run: bool, url: str | None, as_json: bool) -> None:
    """Keep workers from taking tasks of a queue until it is resumed.

    What workers have already, they finish: running tasks, and the few that they have taken ahead. Tasks can still be
    enqueued, cancelled and changed, and wait. Workers and producers of earlier versions of redisched
    refuse to use the queue from now on, so upgrade them first.

    JSON: queue, paused{since_ms, until_ms (null: until it is resumed), by}, leased (how many tasks workers have). With
    --dry-run, paused is as it is: null if the queue is not paused.
    """
    with session(url) as opened:
        opened.queues(name)
        pauses: Sequence[QueuePause | None] = (
            opened.ask(opened.inspector(name).pauses) if dry_run else [opened.scheduler.queue(name).pause(duration)]
        )
        leased = opened.ask(opened.inspector(name).counts).leased
    if as_json:
        print_json({"queue": name, **pause_record(pauses), "leased": leased})
        return
    if dry_run:
        click.echo(f"{name} is paused already." if any(pauses) else f"{name} would be paused.")
    else:
        (pause,) = filter(None, pauses)
        until = "" if pause.until_ms is None else f" until {exact(pause.until_ms)}"
        click.echo(f"{name} is paused{until}. Resume it: redisched queue resume {name}")
    if leased:
        click.echo(f"Workers finish {counted(leased, 'task')} that they have already.")


@click.command("resume")
@click.argument("name", metavar="NAME", shell_complete=complete_queue)
@dry_run_option("Only say whether it is paused.")
@url_option
@json_option
def resume_queue(name: str, dry_run: bool, url: str | None, as_json: bool) -> None:
    """Let workers take tasks of a paused queue again. They begin within a second.

    JSON: queue, was_paused{since_ms, until_ms, by}, null if it was not paused.
    """
    with session(url) as opened:
        opened.queues(name)
        pauses = opened.ask(opened.inspector(name).pauses)
        if not dry_run:
            opened.scheduler.queue(name).resume()
    if as_json:
        print_json({"queue": name, **pause_record(pauses, "was_paused")})
    else:
        done = "would be resumed" if dry_run else "is resumed"
        click.echo(f"{name} {done}." if any(pauses) else f"{name} {'is' if dry_run else 'was'} not paused.")
