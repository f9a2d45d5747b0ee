"""`redisched queue drain | rm`: waits until a queue is worked off, and removes an empty one."""

from dataclasses import asdict
from functools import partial

import click

from redisched.cli.completing import complete_queue
from redisched.cli.consent import dry_run_option, refuse_without_yes, yes_option
from redisched.cli.machine import print_json
from redisched.cli.parameters import check_some_time, json_option, seconds, url_option
from redisched.cli.session import session
from redisched.cli.terminal import clear_status, show_status
from redisched.counted import counted
from redisched.errors import QueueNotEmpty
from redisched.store.serving import is_served
from redisched.store.view import QueueCounts


@click.command("drain")
@click.argument("name", metavar="NAME", shell_complete=complete_queue)
@click.option(
    "--timeout",
    type=seconds,
    callback=check_some_time,
    metavar="DURATION",
    help="Give up after this time: 10s, 5m. Default: never.",
)
@url_option
@json_option
def drain_queue(name: str, timeout: float | None, url: str | None, as_json: bool) -> None:
    """Wait until workers have worked off what is due in a queue. Nothing is deleted: that is `redisched queue purge`.

    It waits until no task is due and workers have none. Tasks that wait for their time, also for a retry, are left, and
    so are dead ones. Producers are not stopped: what they enqueue meanwhile is awaited as well. Of a paused queue only
    the tasks that workers have are awaited. The exit code is 1 if the time is over before that.

    JSON: what is left: queue, ready, scheduled, leased, dead, finished, oldest_ready_ms, now_ms and priorities, as in
    `redisched queue ls --json`.
    """
    with session(url) as opened:
        opened.queues(name)
        if not opened.ask(partial(is_served, opened.scheduler.broker.script_runner, name)):
            click.echo(f"Warning: no worker serves queue {name} now", err=True)
        try:
            counts = opened.drain(name, timeout, _show)
        finally:
            clear_status()
    if as_json:
        print_json(asdict(counts))
        return
    left = {"due": counts.ready, "scheduled": counts.scheduled, "dead": counts.dead}
    told = ", ".join(f"{count} {state}" for state, count in left.items() if count)
    click.echo(f"{name} is drained. Left: {told}." if told else f"{name} is drained.")


@click.command("rm")
@click.argument("name", metavar="NAME", shell_complete=complete_queue)
@dry_run_option("Only say what would be removed.")
@yes_option("Remove it, not only say what would be removed.")
@url_option
@json_option
def remove_queue(name: str, dry_run: bool, yes: bool, url: str | None, as_json: bool) -> None:
    """Remove a queue that has no task.

    The results of tasks that have ended go with it. It is refused if tasks wait, are leased or are dead, or if
    there are schedules. Nothing is known of its ids after that: a call that is repeated adds its task again.
    Workers may go on serving it. The number of shards is kept for the case that the queue is used again.

    JSON: queue, finished (how many results were or would be removed), removed (true or false).
    """
    with session(url) as opened:
        opened.queues(name)
        counts = opened.ask(opened.inspector(name).counts)
        waiting = counts.ready + counts.scheduled
        if waiting or counts.leased or counts.dead:
            raise QueueNotEmpty(name, waiting, counts.leased, counts.dead)
        may_act = yes and not dry_run
        if may_act:
            opened.scheduler.queue(name).remove()
    results = f"the results of {counted(counts.finished, 'task')}"
    if as_json:
        print_json({"queue": name, "finished": counts.finished, "removed": may_act})
    else:
        click.echo(f"{name} is removed, with {results}." if may_act else f"{name} is empty. To remove: {results}.")
    if not yes and not dry_run:
        refuse_without_yes()


def _show(counts: QueueCounts) -> None:
    show_status(f"{counted(counts.ready, 'task')} due, {counts.leased} with workers")
