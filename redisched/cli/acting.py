"""Commands that act on tasks, which are given by their ids or by a filter."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import click

from redisched.cli.acting_progress import showing_progress
from redisched.cli.machine import print_json
from redisched.cli.parameters import F, json_option, url_option, with_all
from redisched.cli.session import Session
from redisched.client.dead_tasks import ReplayOutcome
from redisched.client.selecting import Change, Matching, Named, Source, filter_of
from redisched.client.verbs import CancelOutcome, ChangeOutcome, Look, Verb
from redisched.counted import counted
from redisched.errors import UnknownTasks
from redisched.filters.filter import EVERY_STATE
from redisched.option_checks import check_id, check_queue
from redisched.printable import printable

UNKNOWN = "unknown"
_REFUSALS: dict[str, str] = {
    CancelOutcome.ENDED: "has already ended; see how: redisched task show {id}",
    ChangeOutcome.LEASED: "is not changed, as a worker has it already",
    ChangeOutcome.EXPIRES: "is not changed, as it expires before that time",
    ReplayOutcome.NOT_DEAD: "is not dead; see its state: redisched task show {id}",
    ReplayOutcome.ONCE: "may start only once, and has; to run it again, enqueue it anew",
    ReplayOutcome.TAKEN: "has a unique key that another task holds; wait for its end, or cancel it",
    UNKNOWN: "is unknown: never enqueued, or forgotten",
}
"""Why nothing could be done for a task, by the outcome."""
_NOTES: dict[str, str] = {
    ReplayOutcome.REPLAYED: "See what waits: redisched task ls",
    CancelOutcome.CANCELLING: "If a task is cancelling, its worker is asked to stop it.",
}
"""What an outcome means, where its name does not say it all."""
_STATES = sorted(state.value for state in EVERY_STATE)
_OPTIONS = (
    click.argument("task_ids", metavar="[ID]...", nargs=-1),
    click.option("--queue", metavar="NAME", help="Act on tasks of this queue. With ids: look only there."),
    click.option("--name", metavar="NAME", help="Act on tasks of this handler."),
    click.option(
        "--state",
        "states",
        type=click.Choice(_STATES),
        multiple=True,
        help="Act on tasks in this state. For several, repeat the option.",
    ),
    click.option("--error", metavar="REGEX", help="Act on tasks whose last error has a match of this expression."),
    click.option("--dry-run", is_flag=True, help="Only say how many tasks it is about."),
    click.option("--yes", is_flag=True, help="With a filter: act, not only say how many tasks it is about."),
    url_option,
    json_option,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which tasks a command is given, and whether it may act on them."""

    source: Source
    may_act: bool
    dry_run: bool


def acting_options(command: F) -> F:
    """Add the ids, the filter, --dry-run, --yes, --url and --json. `wanted_of` takes the first six."""
    return with_all(_OPTIONS, command)


def wanted_of(
    task_ids: Sequence[str],
    queue: str | None,
    name: str | None,
    states: Sequence[str],
    error: str | None,
    dry_run: bool,
    yes: bool,
) -> Wanted:
    """Check which tasks a command is given. Raises UsageError if it is given none, or ids beside a filter."""
    if task_ids:
        if name or states or error:
            raise click.UsageError("give either the ids of tasks or a filter; only --queue may stand beside ids")
        in_queue = "" if queue is None else check_queue("queue", queue)
        return Wanted(
            source=Named([(check_id("id", id), in_queue) for id in task_ids]), may_act=not dry_run, dry_run=dry_run
        )
    if not (queue or name or states or error):
        raise click.UsageError("give the ids of tasks, or a filter: --queue, --name, --state, --error")
    source = Matching(filter_of(None, queue, name, states or None, error))
    return Wanted(source=source, may_act=yes and not dry_run, dry_run=dry_run)


def act(opened: Session, wanted: Wanted, verb: Verb[StrEnum], words: str, as_json: bool) -> None:
    """Act, or say on how many tasks it would act. `words` says what it does, such as "cancel".

    The exit code is 1 if a given id is unknown or nothing could be done for it, or if --yes is missing.
    """
    if isinstance(wanted.source, Matching):
        for queue in sorted(wanted.source.wanted.queues or ()):
            opened.queues(queue)
    if not wanted.may_act:
        _tell(opened, wanted, verb, words, as_json)
        return
    try:
        with showing_progress(verb) as shown:
            changes = [_record(change, "outcome") for change in opened.act(wanted.source, shown)]
    except UnknownTasks as error:
        changes = [_record(change, "outcome") for change in error.changes]
        changes += [{"id": id, "queue": None, "outcome": UNKNOWN} for id in error.ids]
    if as_json:
        print_json(changes)
    elif isinstance(wanted.source, Named):
        _print_changes(changes)
    else:
        _print_counts(changes)
    if isinstance(wanted.source, Named) and any(change["outcome"] in _REFUSALS for change in changes):
        raise click.exceptions.Exit(1)


def _print_changes(changes: Sequence[Mapping[str, Any]]) -> None:
    """Print how many tasks came to which outcome, and why nothing could be done for some of them."""
    _print_made(change["outcome"] for change in changes)
    for change in changes:
        if change["outcome"] in _REFUSALS:
            reason = _REFUSALS[change["outcome"]].format(id=printable(change["id"]))
            click.echo(f"Error: task {printable(change['id'])!r} {reason}", err=True)


def _print_counts(changes: Sequence[Mapping[str, Any]]) -> None:
    """Print how many tasks came to which outcome, and for how many nothing could be done."""
    _print_made(change["outcome"] for change in changes)
    refused = [change["outcome"] for change in changes if change["outcome"] in _REFUSALS]
    if refused:
        click.echo(f"Not changed: {_counts(refused)}.")


def _print_made(outcomes: Iterable[StrEnum]) -> None:
    made = [outcome for outcome in outcomes if outcome not in _REFUSALS]
    click.echo(f"{_counts(made)}." if made else "No task was changed.")
    for outcome in dict.fromkeys(made):
        if outcome in _NOTES:
            click.echo(_NOTES[outcome])


def _tell(opened: Session, wanted: Wanted, verb: Verb[StrEnum], words: str, as_json: bool) -> None:
    found = opened.act(wanted.source, Look(verb.states))
    if as_json:
        print_json([_record(change, "state") for change in found])
    elif found:
        click.echo(f"{counted(len(found), 'task')} to {words}: {_counts(change.outcome for change in found)}.")
    else:
        click.echo(f"There is no task to {words}.")
    if found and not wanted.dry_run:
        click.echo("Nothing was changed. To act, repeat the command with --yes.", err=True)
        raise click.exceptions.Exit(1)


def _record(change: Change[Any], kind: str) -> dict[str, Any]:
    return {"id": change.id, "queue": change.queue, kind: change.outcome}


def _counts(outcomes: Iterable[StrEnum]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in Counter(outcomes).most_common())
