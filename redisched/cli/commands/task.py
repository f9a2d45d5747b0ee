"""`redisched task`: shows and cancels tasks. Commands that list and change tasks are in other modules."""

from functools import partial
from typing import Any

import click

from redisched.cli.acting import act, acting_options, wanted_of
from redisched.cli.commands.changing import reprioritize, reschedule, run_now
from redisched.cli.commands.dead import retry_dead
from redisched.cli.commands.deleting import delete_tasks
from redisched.cli.commands.listing_tasks import list_tasks
from redisched.cli.explanation_text import print_explanation
from redisched.cli.filtering import CommandTakingFilters
from redisched.cli.machine import print_json
from redisched.cli.parameters import json_option, queue_option, url_option
from redisched.cli.pause_text import pause_text
from redisched.cli.report_text import dropped_text, line_text, progress_text
from redisched.cli.session import session
from redisched.cli.tables import print_facts, print_table
from redisched.cli.task_text import attempt_row, failed_attempts, task_facts
from redisched.client.verbs import Cancel
from redisched.errors import UnknownTask
from redisched.model import Failure
from redisched.printable import printable_lines
from redisched.progress import Log
from redisched.records.whole_task import read_whole_task, whole_task_record
from redisched.records.without_secrets import without_secrets

_ATTEMPT_HEADINGS = ("ATTEMPT", "FAILED AT", "LATE", "RAN", "WORKER", "ERROR")


@click.group()
def task() -> None:
    """List, show, cancel, change and delete tasks."""


@task.command("show")
@click.argument("task_id", metavar="ID")
@queue_option
@click.option("--tracebacks", is_flag=True, help="Print the tracebacks of all failed attempts, not only of the last.")
@click.option("--show-secrets", is_flag=True, help="Print also the values that are hidden by their names.")
@url_option
@json_option
def show_task(
    task_id: str, queue: str | None, tracebacks: bool, show_secrets: bool, url: str | None, as_json: bool
) -> None:
    """Show everything known about a task. An ended task is known until its retention is over.

    Values in arguments, headers and results with names such as password, token or api_key are hidden.

    Failed attempts are kept up to 64 KiB in all, the newest first.

    JSON: id, queue, shard, schedule and slot_ms (from which it comes), state, name, args, kwargs, codec, headers,
    checkpoint_bytes, unique_key, unique_for, is_successor (it runs after the one that had its key), priority,
    run_at_ms, attempts, crashes, redeliveries, max_attempts, timeout_ms, retention_ms, keep, expires_ms, deadline_ms,
    cancel_requested, worker, claimed_ms, lease_until_ms, started_ms, ended_ms, forgotten_ms, result, failure{error,
    traceback, reason, attempt, worker, due_ms, started_ms, failed_ms}, failures[like failure, oldest first],
    undecodable, progress{done, total, fraction, note, left_s, attempt, at_ms}, log[{number, attempt, at_ms, text}],
    log_dropped, explanation{as `redisched explain --json` prints it}, queue_paused{since_ms, until_ms, by}, now_ms. A
    value that is not known is null. Times are the server's, in milliseconds since 1970.
    """
    with session(url) as opened:
        view = opened.find(task_id, queue)
        if view is None:
            raise UnknownTask(task_id)
        view = view if show_secrets else without_secrets(view)
        shard_map = opened.ask(opened.inspector(view.queue).shard_map)
        whole = opened.ask(partial(read_whole_task, opened.script_runner, view))
    if as_json:
        print_json(whole_task_record(whole))
        return
    print_explanation(whole.explanation)
    click.echo()
    _, progress, log = whole.reported
    far = None if progress is None else progress_text(view, progress)
    print_facts([*task_facts(view, shard_map.shards, pause_text([whole.pause], view.now_ms)), ("progress", far)])
    _print_log(log)
    _print_attempts(failed_attempts(view), shown=None if tracebacks else 1)


@task.command("cancel", cls=CommandTakingFilters)
@acting_options
def cancel_tasks(url: str | None, as_json: bool, **given: Any) -> None:
    """Cancel tasks, given by their ids or by a filter. If a worker has one already, it is asked to stop it.

    With a filter, nothing is changed without --yes.

    JSON: a list of id, queue and outcome: cancelled, cancelling (a worker has the task and learns of it within a
    second), ended (it was too late) or unknown. If ids are given, the exit code is 1 if a task had ended or is unknown.
    With --dry-run or without --yes: a list of id, queue and state.
    """
    wanted = wanted_of(**given)
    with session(url) as opened:
        act(opened, wanted, Cancel(), "cancel", as_json)


for _command in (list_tasks, delete_tasks, reprioritize, reschedule, run_now):
    task.add_command(_command)
task.add_command(retry_dead, "retry")


def _print_log(log: Log) -> None:
    if log.lines:
        click.echo("\nLog:")
    if log.dropped:
        click.echo(dropped_text(log.dropped))
    for line in log.lines:
        click.echo(line_text(line))


def _print_attempts(failures: list[Failure], shown: int | None) -> None:
    """Print the failed attempts as a table, and the tracebacks of the newest `shown` of them, None for all."""
    if failures:
        click.echo()
        print_table(_ATTEMPT_HEADINGS, [attempt_row(failure) for failure in failures], cut="ERROR")
    for failure in failures[-shown if shown else 0 :]:
        if failure.traceback:
            click.echo(f"\nAttempt {failure.attempt}:\n{printable_lines(failure.traceback.rstrip())}")
