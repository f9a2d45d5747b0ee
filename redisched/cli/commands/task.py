"""`redisched task`: lists, shows and cancels tasks. Commands that change waiting tasks are in `changing.py`."""

from typing import Any

import click

from redisched.cli.acting import act, acting_options, wanted_of
from redisched.cli.commands.changing import reprioritize, reschedule, run_now
from redisched.cli.commands.deleting import delete_tasks
from redisched.cli.explanation_text import print_explanation
from redisched.cli.listing import page, tell_of_more
from redisched.cli.machine import print_json
from redisched.cli.parameters import after_option, json_option, limit_option, queue_option, url_option
from redisched.cli.pause_text import pause_text
from redisched.cli.report_text import dropped_text, line_text, progress_text
from redisched.cli.session import session
from redisched.cli.tables import print_facts, print_table
from redisched.cli.task_text import attempt_row, call_of, failed_attempts, task_facts
from redisched.client.selecting import check_pattern
from redisched.client.verbs import Cancel
from redisched.errors import UnknownTask
from redisched.filters.conditions import Condition, ErrorMatches, NameIn
from redisched.filters.filter import Filter
from redisched.model import Failure, TaskState
from redisched.printable import printable_lines, shortened
from redisched.progress import Log
from redisched.records.task import attempts_of, task_record
from redisched.records.whole_task import whole_task_record
from redisched.store.page import Place, Query
from redisched.store.view import PENDING, TaskView
from redisched.times import relative

_STATES = [state.value for state in TaskState if state is not TaskState.UNKNOWN]
_HEADINGS = ("ID", "QUEUE", "STATE", "NAME", "PRIORITY", "RUN AT", "ATTEMPTS", "ARGUMENTS")
_ATTEMPT_HEADINGS = ("ATTEMPT", "FAILED AT", "LATE", "RAN", "WORKER", "ERROR")
_ARGUMENT_CHARACTERS = 60


@click.group()
def task() -> None:
    """List, show, cancel, change and delete tasks."""


@task.command("ls")
@click.option(
    "--state",
    "states",
    type=click.Choice(_STATES),
    multiple=True,
    help="List tasks in this state. For several, repeat the option.",
)
@queue_option
@click.option("--name", metavar="NAME", help="List tasks of this handler.")
@click.option("--error", metavar="REGEX", help="List tasks whose last error has a match of this expression.")
@after_option
@limit_option
@url_option
@json_option
def list_tasks(
    states: tuple[str, ...],
    queue: str | None,
    name: str | None,
    error: str | None,
    after: Place | None,
    limit: int,
    url: str | None,
    as_json: bool,
) -> None:
    """List pending tasks in the order in which they will run, or the tasks of other states.

    One call reads at most 10,000 tasks of each shard. If there may be more, a last line on stderr says how to continue.

    JSON: a list of records as `redisched task show --json` prints one, without progress and log.
    """
    wanted = [TaskState(state) for state in states] or PENDING
    pattern = None if error is None else check_pattern("error", error)
    with session(url) as opened:
        conditions: list[Condition] = [] if name is None else [NameIn.exactly(name)]
        conditions += [] if pattern is None else [ErrorMatches(pattern)]
        query = Query(states=wanted, limit=limit, matcher=Filter(tuple(conditions)))
        shown = page(opened, opened.queues(queue), query, after)
    found = shown.views
    if as_json:
        print_json([task_record(view) for view in found])
    elif found:
        print_table(_HEADINGS, _rows(found), cut="ARGUMENTS")
    elif states or name or error or after:
        click.echo("None found so far." if shown.next else "No such task. See pending tasks: redisched task ls")
    else:
        click.echo("No task is pending. Enqueue one: redisched enqueue NAME ARGUMENTS...")
    tell_of_more(shown)


@task.command("show")
@click.argument("task_id", metavar="ID")
@queue_option
@click.option("--tracebacks", is_flag=True, help="Print the tracebacks of all failed attempts, not only of the last.")
@url_option
@json_option
def show_task(task_id: str, queue: str | None, tracebacks: bool, url: str | None, as_json: bool) -> None:
    """Show everything known about a task. An ended task is known until its retention is over.

    Failed attempts are kept up to 64 KiB in all, the newest first.

    JSON: id, queue, shard, schedule and slot_ms (from which it comes), state, name, args, kwargs, priority, run_at_ms,
    attempts, crashes, redeliveries, max_attempts, timeout_ms, retention_ms, keep, expires_ms, deadline_ms,
    cancel_requested, worker, lease_until_ms, started_ms, ended_ms, forgotten_ms, result, failure{error, traceback,
    reason, attempt, worker, due_ms, started_ms, failed_ms}, failures[like failure, oldest first], undecodable,
    progress{done, total, fraction, note, left_s, attempt, at_ms}, log[{number, attempt, at_ms, text}], log_dropped,
    explanation{as `redisched explain --json` prints it}, queue_paused{since_ms, until_ms, by}, now_ms. A value that is
    not known is null. Times are the server's, in milliseconds since 1970.
    """
    with session(url) as opened:
        view = opened.find(task_id, queue)
        if view is None:
            raise UnknownTask(task_id)
        shard_map = opened.ask(opened.inspector(view.queue).shard_map)
        pause = opened.ask(opened.inspector(view.queue).shard(view.shard).pause)
        reported = opened.report(view)
        explanation = opened.explain(view)
    if as_json:
        print_json(whole_task_record(view, reported, explanation, pause))
        return
    print_explanation(explanation)
    click.echo()
    _, progress, log = reported
    far = None if progress is None else progress_text(view, progress)
    print_facts([*task_facts(view, shard_map.shards, pause_text([pause], view.now_ms)), ("progress", far)])
    _print_log(log)
    _print_attempts(failed_attempts(view), shown=None if tracebacks else 1)


@task.command("cancel")
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


for _command in (delete_tasks, reprioritize, reschedule, run_now):
    task.add_command(_command)


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


def _rows(views: list[TaskView]) -> list[tuple[object, ...]]:
    return [
        (
            view.id,
            view.queue,
            view.state,
            view.name,
            view.priority,
            None if view.run_at_ms is None else relative(view.run_at_ms, view.now_ms),
            attempts_of(view),
            None if view.body is None else shortened(call_of(view.body), _ARGUMENT_CHARACTERS),
        )
        for view in views
    ]
