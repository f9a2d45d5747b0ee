"""`redisched watch`: follows a task until it ends."""

import contextlib
import sys
from collections.abc import Iterator

import click

from redisched.cli.exit_codes import INTERRUPTED
from redisched.cli.parameters import json_option, queue_option, url_option
from redisched.cli.session import Session, session
from redisched.cli.task_text import call_of
from redisched.cli.terminal import can_erase
from redisched.cli.watching import ChangeLines, ChangeRecords, Watcher
from redisched.client.following import FollowedTask
from redisched.errors import BrokerUnavailable, UnknownTask
from redisched.model import TaskState
from redisched.printable import printable
from redisched.records.without_secrets import without_secrets
from redisched.store.view import TaskView


@click.command()
@click.argument("task_id", metavar="ID")
@queue_option
@url_option
@json_option
def watch(task_id: str, queue: str | None, url: str | None, as_json: bool) -> None:
    """Follow a task until it ends: state, progress and log.

    Handlers tell these by progress(done, total) and log(text) of redisched.current_task(). On a terminal a bar shows
    how far the task has come and how long it will go on; elsewhere each change is a line. Redis is asked once a second.

    The exit code is 0 if the task succeeds, and 1 if it ends in another way, is unknown, or is forgotten meanwhile.
    Ctrl-C stops watching, with exit code 130; the task goes on.

    JSON: one record on one line for each change: id, queue, state, attempts, cancel_requested, worker, started_ms,
    progress{done, total, fraction, note, left_s, attempt, at_ms}, log[{number, attempt, at_ms, text}] with only the
    new lines, log_dropped, result, error, now_ms. A value that is not known is null.
    """
    with session(url) as opened:
        view = opened.find(task_id, queue)
        if view is None:
            raise UnknownTask(task_id)
        try:
            with _watcher(without_secrets(view), as_json) as watcher:
                state = _follow(opened, opened.follow(view), watcher)
        except KeyboardInterrupt:
            click.echo(f"Not watched any more; task {printable(task_id)} goes on.", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
    if state is not TaskState.SUCCEEDED:
        raise click.exceptions.Exit(1)


def _follow(opened: Session, followed: FollowedTask, watcher: Watcher) -> TaskState:
    """Show each change, the end included; answers the state in which the task has ended."""
    while True:
        try:
            change = opened.next_change(followed)
        except BrokerUnavailable as error:
            watcher.say(f"{printable(str(error))}; trying again")
            continue
        watcher.show(change._replace(view=without_secrets(change.view)))
        if followed.has_ended:
            return change.view.state


@contextlib.contextmanager
def _watcher(view: TaskView, as_json: bool) -> Iterator[Watcher]:
    if as_json:
        yield ChangeRecords()
    elif not can_erase(sys.stdout):
        yield ChangeLines()
    else:
        # It takes longer to import than all the rest.
        from rich.console import Console

        from redisched.cli.watch_screen import open_screen

        with open_screen(Console(), _title(view)) as screen:
            yield screen


def _title(view: TaskView) -> str:
    """The call of the handler, as far as it is known, and the id."""
    has_arguments = view.body is not None and (view.body.args or view.body.kwargs)
    arguments = f"({call_of(view.body)})" if view.body is not None and has_arguments else ""
    return f"{printable(view.name)}{arguments}  {printable(view.id)}".lstrip()
