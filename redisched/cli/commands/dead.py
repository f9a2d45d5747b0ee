"""`redisched dead`: lists dead tasks, and revives them."""

from collections.abc import Sequence
from functools import partial

import click

from redisched.cli.listing import page, tell_of_more
from redisched.cli.machine import print_json
from redisched.cli.parameters import after_option, json_option, limit_option, queue_option, url_option
from redisched.cli.session import Session, session
from redisched.cli.tables import print_table
from redisched.cli.task_record import attempts_of, task_record
from redisched.cli.times import relative
from redisched.errors import UnknownTask
from redisched.model import TaskState
from redisched.option_checks import check_id
from redisched.printable import printable, shortened
from redisched.store.page import Place, Query
from redisched.store.store import Store
from redisched.store.values import Status
from redisched.store.view import TaskView

_REVIVED = (Status.REVIVED, Status.ALREADY)
_BATCH = 200
_ERROR_CHARACTERS = 80


@click.group()
def dead() -> None:
    """List dead tasks, which will not run again; revive them."""


@dead.command("ls")
@queue_option
@after_option
@limit_option
@url_option
@json_option
def list_dead(queue: str | None, after: Place | None, limit: int, url: str | None, as_json: bool) -> None:
    """List dead tasks, the latest first, with the reason and the last error.

    JSON: a list of records as `redisched task show --json` prints one.
    """
    with session(url) as opened:
        shown = page(opened, opened.queues(queue), Query(states=(TaskState.DEAD,), limit=limit), after)
    tell_of_more(shown)
    found = shown.views
    if as_json:
        print_json([task_record(view) for view in found])
        return
    if not found:
        click.echo("No task is dead. See pending tasks: redisched task ls")
        return
    rows: list[tuple[object, ...]] = []
    for view in found:
        died = None if view.died_ms is None else relative(view.died_ms, view.now_ms)
        reason, error = (view.failure.reason, printable(view.failure.error)) if view.failure else ("", "")
        rows.append(
            (view.id, view.queue, view.name, died, attempts_of(view), reason, shortened(error, _ERROR_CHARACTERS))
        )
    print_table(("ID", "QUEUE", "NAME", "DIED", "ATTEMPTS", "REASON", "ERROR"), rows, cut="ERROR")


@dead.command("retry")
@click.argument("task_ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Revive all tasks that are dead now.")
@queue_option
@url_option
@json_option
def retry_dead(task_ids: tuple[str, ...], every: bool, queue: str | None, url: str | None, as_json: bool) -> None:
    """Revive dead tasks: they are due now, and their attempts are counted from 0 again.

    JSON: revived (a list of id, queue), failed (a list of id, reason). The exit code is 1 if any task could not be
    revived.
    """
    if every == bool(task_ids):
        raise click.UsageError("give either the ids of tasks or --all")
    for task_id in task_ids:
        check_id("id", task_id)
    with session(url) as opened:
        if every:
            revived = [pair for name in opened.queues(queue) for pair in _revive_all(opened, name)]
            failed: list[tuple[str, str]] = []
        else:
            revived, failed = _revive_some(opened, task_ids, queue)
    if as_json:
        print_json(
            {
                "revived": [{"id": task_id, "queue": name} for task_id, name in revived],
                "failed": [{"id": task_id, "reason": reason} for task_id, reason in failed],
            }
        )
    else:
        click.echo(f"{len(revived)} revived. See them: redisched task ls" if revived else "No task was revived.")
        for _, reason in failed:
            click.echo(f"Error: {printable(reason)}", err=True)
    if failed:
        raise click.exceptions.Exit(1)


def _revive_all(opened: Session, queue: str) -> list[tuple[str, str]]:
    """Revive as many tasks as are dead now, so that tasks which die again meanwhile cause no endless loop."""
    revived: list[tuple[str, str]] = []
    for shard in opened.ask(opened.inspector(queue).shards):
        store = opened.store(queue, shard.shard)
        remaining, after = opened.ask(shard.counts).dead, None
        while remaining > 0:
            ids, after = opened.ask(partial(shard.dead_ids, after))
            statuses = _revive(opened, store, ids[:remaining])
            revived += ((task_id, queue) for task_id, status in statuses if status in _REVIVED)
            remaining = 0 if after is None else remaining - len(ids)
    return revived


def _revive_some(
    opened: Session, task_ids: Sequence[str], queue: str | None
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Revive tasks by id. Returns the revived ids, each with its queue, and the others, each with the reason."""
    revived, failed = [], []
    for task_id in dict.fromkeys(task_ids):
        view = opened.find(task_id, queue)
        if view is None:
            failed.append((task_id, str(UnknownTask(task_id))))
            continue
        status = _revive(opened, opened.store(view.queue, view.shard), [view.id])[0][1] if _is_dead(view) else None
        if status in _REVIVED:
            revived.append((task_id, view.queue))
        elif status is Status.NOT_AGAIN:
            failed.append((task_id, f"task {task_id!r} may start only once, and has; to run it again, enqueue it anew"))
        else:
            failed.append((task_id, f"task {task_id!r} is not dead but {view.state}"))
    return revived, failed


def _is_dead(view: TaskView) -> bool:
    return view.state is TaskState.DEAD


def _revive(opened: Session, store: Store, task_ids: Sequence[str]) -> list[tuple[str, Status]]:
    answers: list[tuple[str, Status]] = []
    for first in range(0, len(task_ids), _BATCH):
        batch = task_ids[first : first + _BATCH]
        answers += zip(batch, opened.ask(partial(store.revive, batch)), strict=True)
    return answers
