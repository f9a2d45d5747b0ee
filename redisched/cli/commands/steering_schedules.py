"""`redisched schedule pause | resume | run | rm`: acts on schedules by their names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click

from redisched.cli.consent import refuse_without_yes
from redisched.cli.machine import print_json
from redisched.cli.naming import Naming, naming_of, naming_options
from redisched.cli.parameters import F, json_option, url_option, with_all
from redisched.cli.producing import why_none_starts
from redisched.cli.schedule_reading import find_schedule
from redisched.cli.session import Session, session
from redisched.client import schedule_operations as operations
from redisched.client.schedule_view import FoundSchedule
from redisched.errors import InvalidOption, UnknownSchedule
from redisched.option_checks import check_queue
from redisched.printable import printable
from redisched.schedules.definition import check_schedule_name
from redisched.store.schedule_values import ScheduleState

_UNKNOWN = "unknown"
_DECLARED = "declared by code"
_REFUSALS: dict[str, str] = {
    _UNKNOWN: "is unknown; see all: redisched schedule ls",
    _DECLARED: "is declared by the code of {application}, whose workers run; pause it, or remove it from the code",
}
"""Why nothing could be done for a schedule, by the outcome."""
_OPTIONS = (
    naming_options,
    click.option("--queue", metavar="NAME", help="Look only in this queue. Needed if several have one of this name."),
    url_option,
    json_option,
)
_Act = Callable[[Session, FoundSchedule], dict[str, Any]]


def _named(command: F) -> F:
    return with_all(_OPTIONS, command)


@click.command("pause")
@_named
def pause_schedules(queue: str | None, url: str | None, as_json: bool, **given: Any) -> None:
    """Let schedules fire no more until they are resumed.

    This holds whatever is deployed meanwhile. Tasks that were enqueued ahead of their time are removed. With --all or
    a pattern such as 'report-*', nothing is changed without --yes.

    JSON: a list of name, queue and outcome: paused, already paused or unknown; the exit code is 1 if a schedule is
    unknown. With --dry-run or without --yes, the outcome is the state: active, paused or over.
    """

    def pause(opened: Session, found: FoundSchedule) -> dict[str, Any]:
        opened.scheduler.schedules.pause(found.stored.name, queue=found.queue)
        return {"outcome": "already paused" if found.stored.state is ScheduleState.PAUSED else "paused"}

    _act_on(naming_of(**given), queue, url, as_json, pause)


@click.command("resume")
@_named
def resume_schedules(queue: str | None, url: str | None, as_json: bool, **given: Any) -> None:
    """Let paused schedules fire again.

    They go on with their next slots. Slots that came meanwhile are left out. With --all or a pattern, nothing is
    changed without --yes.

    JSON: a list of name, queue and outcome: resumed, not paused or unknown; the exit code is 1 if a schedule is
    unknown. With --dry-run or without --yes, the outcome is the state: active, paused or over.
    """

    def resume(opened: Session, found: FoundSchedule) -> dict[str, Any]:
        opened.scheduler.schedules.resume(found.stored.name, queue=found.queue)
        return {"outcome": "resumed" if found.stored.state is ScheduleState.PAUSED else "not paused"}

    _act_on(naming_of(**given), queue, url, as_json, resume)


@click.command("run")
@_named
def run_schedules(queue: str | None, url: str | None, as_json: bool, **given: Any) -> None:
    """Enqueue a task of each schedule now.

    Its slots are fired all the same, and it may be paused. It prints the ids of the tasks. It warns if the queue is
    paused, or no worker serves it. With --all or a pattern, nothing is enqueued without --yes.

    JSON: a list of name, queue, outcome (enqueued or unknown) and id; the exit code is 1 if a schedule is unknown. With
    --dry-run or without --yes, the outcome is the state: active, paused or over.
    """
    warnings: dict[str, str] = {}

    def run(opened: Session, found: FoundSchedule) -> dict[str, Any]:
        task = opened.scheduler.schedules.run(found.stored.name, queue=found.queue)
        if found.queue not in warnings:
            warnings[found.queue] = why_none_starts(opened, found.queue, None, found.queue)
        return {"outcome": "enqueued", "id": task.id}

    try:
        _act_on(naming_of(**given), queue, url, as_json, run)
    finally:
        for warning in filter(None, warnings.values()):
            click.echo(f"Warning: {warning}", err=True)


@click.command("rm")
@_named
def remove_schedules(queue: str | None, url: str | None, as_json: bool, **given: Any) -> None:
    """Remove schedules.

    Their tasks that were enqueued ahead of their time are removed, too; others of theirs stay. One that the code of
    running workers declares is not removed, as they would declare it again. One that cannot be read here is removed.
    With --all or a pattern, nothing is removed without --yes.

    JSON: a list of name, queue and outcome: removed, declared by code or unknown; the exit code is 1 if one of them was
    not removed. With --dry-run or without --yes, the outcome is the state: active, paused or over.
    """

    def remove(opened: Session, found: FoundSchedule) -> dict[str, Any]:
        try:
            opened.scheduler.schedules.remove(found.stored.name, queue=found.queue)
        except InvalidOption:
            return {"outcome": _DECLARED, "application": found.application}
        return {"outcome": "removed"}

    _act_on(naming_of(**given), queue, url, as_json, remove)


def _act_on(naming: Naming, queue: str | None, url: str | None, as_json: bool, act: _Act) -> None:
    """Act on each of these schedules, or say in which state they are. All are looked up before anything is done. The
    exit code is 1 if nothing could be done for one of them, or if --yes is missing.
    """
    for name in naming.names:
        check_schedule_name("name", name)
    if queue is not None:
        check_queue("queue", queue)
    records: list[dict[str, Any]] = []
    with session(url) as opened:
        found = _find_all(opened, naming, queue)
        with _printing(records, as_json):
            for name, one in found:
                records.append({"name": name, "queue": None if one is None else one.queue})
                records[-1] |= _done(opened, one, act if naming.may_act else _tell_state)
    if not (found or as_json):
        click.echo("There is no such schedule. See all: redisched schedule ls")
    if found and not naming.may_act and not naming.dry_run:
        refuse_without_yes()
    if any(record["outcome"] in _REFUSALS for record in records):
        raise click.exceptions.Exit(1)


def _done(opened: Session, one: FoundSchedule | None, act: _Act) -> dict[str, Any]:
    try:
        return {"outcome": _UNKNOWN} if one is None else act(opened, one)
    except UnknownSchedule:
        return {"outcome": _UNKNOWN}


def _tell_state(_opened: Session, found: FoundSchedule) -> dict[str, Any]:
    return {"outcome": found.stored.state}


@contextmanager
def _printing(records: list[dict[str, Any]], as_json: bool) -> Iterator[None]:
    """Print what the block has done; also if an error ends it, without the schedule at which it was."""
    try:
        yield
    except BaseException:
        del records[-1:]
        if records:
            _print(records, as_json)
        raise
    _print(records, as_json)


def _print(records: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(records)
        return
    for record in records:
        _print_record(record)


def _find_all(opened: Session, naming: Naming, queue: str | None) -> list[tuple[str, FoundSchedule | None]]:
    """The schedules that a command is about, each once; None for a name that is unknown."""
    found = [(name, _find(opened, name, queue)) for name in naming.names]
    if not naming.patterns:
        return found
    connection = opened.scheduler.connection
    every = connection.run(operations.every_stored(connection, queue), "every_stored")
    names = set(naming.among(one.stored.name for one in every))
    known = {(one.queue, name) for name, one in found if one is not None}
    more = [one for one in every if one.stored.name in names and (one.queue, one.stored.name) not in known]
    return [*found, *((one.stored.name, one) for one in more)]


def _find(opened: Session, name: str, queue: str | None) -> FoundSchedule | None:
    try:
        return find_schedule(opened, name, queue)
    except UnknownSchedule:
        return None


def _print_record(record: Mapping[str, Any]) -> None:
    name, outcome = printable(record["name"]), record["outcome"]
    if outcome in _REFUSALS:
        reason = _REFUSALS[outcome].format(application=printable(record.get("application", "")))
        click.echo(f"Error: schedule {name!r} {reason}", err=True)
    elif "id" in record:
        click.echo(printable(record["id"]))
    else:
        click.echo(f"{name}: {outcome}")
