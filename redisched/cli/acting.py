"""Commands that act on tasks, which are given by their ids or by a filter."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import click

from redisched.cli.acting_progress import showing_progress
from redisched.cli.completing import complete_filter
from redisched.cli.consent import dry_run_option, refuse_without_yes, yes_option
from redisched.cli.filtering import (
    error_filter,
    filter_of_options,
    name_filter,
    queue_filter,
    since_filter,
    state_filter,
)
from redisched.cli.listing import check_queues
from redisched.cli.machine import print_json
from redisched.cli.parameters import F, json_option, url_option, with_all
from redisched.cli.session import Session
from redisched.client.dead_tasks import ReplayOutcome
from redisched.client.selecting import Change, Matching, Named, Source
from redisched.client.verbs import CancelOutcome, ChangeOutcome, Look, StateTally, Verb
from redisched.counted import counted
from redisched.errors import UnknownTasks
from redisched.filters.parsing import field_meant, is_term
from redisched.option_checks import check_id, check_queue
from redisched.printable import printable, shell_argument

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
_OPTIONS = (
    click.argument("words", metavar="[ID|FILTER]...", nargs=-1, shell_complete=complete_filter),
    state_filter,
    queue_filter,
    name_filter,
    error_filter,
    since_filter,
    dry_run_option("Only say how many tasks it is about."),
    yes_option("With a filter: act, not only say how many tasks it is about."),
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
    """Add the ids or the filter, --dry-run, --yes, --url and --json. `wanted_of` takes the words and options that say
    which tasks, and the first two of these.
    """
    return with_all(_OPTIONS, command)


def wanted_of(words: Sequence[str], dry_run: bool, yes: bool, queue: str | None, **others: Any) -> Wanted:
    """Check which tasks a command is given. A word such as state:dead is a term of a filter, another is an id.

    Raises UsageError if it is given none, or ids beside a filter.
    """
    ids = [word for word in words if not is_term(word.split(maxsplit=1)[0] if word.strip() else word)]
    has_filter = len(ids) < len(words) or any(others.values())
    if ids and has_filter:
        raise click.UsageError("give either the ids of tasks or a filter; only --queue may stand beside ids")
    if ids:
        in_queue = "" if queue is None else check_queue("queue", queue)
        return Wanted(
            source=Named([(check_id("id", id), in_queue) for id in ids]), may_act=not dry_run, dry_run=dry_run
        )
    if not has_filter and queue is None:
        raise click.UsageError("give the ids of tasks, or a filter such as state:dead name:NAME error:TEXT")
    source = Matching(filter_of_options(words, queue, **others))
    return Wanted(source=source, may_act=yes and not dry_run, dry_run=dry_run)


def act(opened: Session, wanted: Wanted, verb: Verb[StrEnum], deed: str, as_json: bool) -> None:
    """Act, or say on how many tasks it would act. `deed` says what it does, such as "cancel".

    The exit code is 1 if a given id is unknown or nothing could be done for it, or if --yes is missing.
    """
    if isinstance(wanted.source, Matching):
        check_queues(opened, wanted.source.wanted)
    if not wanted.may_act:
        _tell(opened, wanted, verb, deed, as_json)
        return
    try:
        with showing_progress(verb) as shown:
            changes = [_record(change, "outcome") for change in opened.act(wanted.source, shown)]
    except UnknownTasks as error:
        changes = [_record(change, "outcome") for change in error.changes]
        changes += _unknown(error.ids, "outcome")
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
    _print_refusals(changes)


def _print_refusals(changes: Sequence[Mapping[str, Any]]) -> None:
    for change in changes:
        if change["outcome"] in _REFUSALS:
            reason = _REFUSALS[change["outcome"]].format(id=shell_argument(change["id"]))
            if change["outcome"] == UNKNOWN and (field := field_meant(change["id"])):
                reason += f"; if it is a filter, write {field}:"
            click.echo(f"Error: task {printable(change['id'])!r} {reason}", err=True)


def _print_counts(changes: Sequence[Mapping[str, Any]]) -> None:
    """Print how many tasks came to which outcome, and for how many nothing could be done."""
    _print_made(change["outcome"] for change in changes)
    refused = [change["outcome"] for change in changes if change["outcome"] in _REFUSALS]
    if refused:
        click.echo(f"Not changed: {_counts(Counter(refused))}.")


def _print_made(outcomes: Iterable[StrEnum]) -> None:
    made = [outcome for outcome in outcomes if outcome not in _REFUSALS]
    click.echo(f"{_counts(Counter(made))}." if made else "No task was changed.")
    for outcome in dict.fromkeys(made):
        if outcome in _NOTES:
            click.echo(_NOTES[outcome])


def _tell(opened: Session, wanted: Wanted, verb: Verb[StrEnum], deed: str, as_json: bool) -> None:
    unknown: Sequence[str] = ()
    if as_json or not isinstance(wanted.source, Matching):
        try:
            found: Sequence[Change[Any]] = opened.act(wanted.source, Look(verb.states))
        except UnknownTasks as error:
            found, unknown = error.changes, error.ids
        by_state = Counter(change.outcome for change in found)
        if as_json:
            print_json([*(_record(change, "state") for change in found), *_unknown(unknown, "state")])
    else:
        tally = StateTally(verb.states)
        opened.act(wanted.source, tally)
        by_state = tally.by_state
    count = by_state.total()
    if not as_json:
        told = f"{counted(count, 'task')} to {deed}: {_counts(by_state)}." if count else f"There is no task to {deed}."
        click.echo(told)
        _print_refusals(_unknown(unknown, "outcome"))
    if count and not wanted.dry_run:
        refuse_without_yes()
    if unknown:
        raise click.exceptions.Exit(1)


def _unknown(ids: Sequence[str], kind: str) -> list[dict[str, Any]]:
    return [{"id": id, "queue": None, kind: UNKNOWN} for id in ids]


def _record(change: Change[Any], kind: str) -> dict[str, Any]:
    return {"id": change.id, "queue": change.queue, kind: change.outcome}


def _counts(outcomes: Mapping[Any, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in Counter(outcomes).most_common())
