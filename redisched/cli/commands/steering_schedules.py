"""`redisched schedule pause | resume | run | rm`: acts on schedules by their names."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from redisched.cli.machine import print_json
from redisched.cli.parameters import F, json_option, url_option, with_all
from redisched.cli.producing import why_none_starts
from redisched.cli.schedule_reading import find_schedule
from redisched.cli.session import Session, session
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
    click.argument("names", metavar="NAME...", nargs=-1, required=True),
    click.option("--queue", metavar="NAME", help="Look only in this queue. Needed if several have one of this name."),
    url_option,
    json_option,
)
_Act = Callable[[Session, FoundSchedule], dict[str, Any]]


def _named(command: F) -> F:
    return with_all(_OPTIONS, command)


@click.command("pause")
@_named
def pause_schedules(names: Sequence[str], queue: str | None, url: str | None, as_json: bool) -> None:
    """Let schedules fire no more until they are resumed.

    This holds whatever is deployed meanwhile. Tasks that were enqueued ahead of their time are removed.

    JSON: a list of name, queue and outcome: paused, already paused or unknown; the exit code is 1 if a schedule is
    unknown.
    """

    def pause(opened: Session, found: FoundSchedule) -> dict[str, Any]:
        opened.scheduler.schedules.pause(found.stored.name, queue=found.queue)
        return {"outcome": "already paused" if found.stored.state is ScheduleState.PAUSED else "paused"}

    _act_on(names, queue, url, as_json, pause)


@click.command("resume")
@_named
def resume_schedules(names: Sequence[str], queue: str | None, url: str | None, as_json: bool) -> None:
    """Let paused schedules fire again.

    They go on with their next slots. Slots that came meanwhile are left out.

    JSON: a list of name, queue and outcome: resumed, not paused or unknown; the exit code is 1 if a schedule is
    unknown.
    """

    def resume(opened: Session, found: FoundSchedule) -> dict[str, Any]:
        opened.scheduler.schedules.resume(found.stored.name, queue=found.queue)
        return {"outcome": "resumed" if found.stored.state is ScheduleState.PAUSED else "not paused"}

    _act_on(names, queue, url, as_json, resume)


@click.command("run")
@_named
def run_schedules(names: Sequence[str], queue: str | None, url: str | None, as_json: bool) -> None:
    """Enqueue a task of each schedule now.

    Its slots are fired all the same, and it may be paused. It prints the ids of the tasks. It warns if the queue is
    paused, or no worker serves it.

    JSON: a list of name, queue, outcome (enqueued or unknown) and id; the exit code is 1 if a schedule is unknown.
    """
    warnings: dict[str, str] = {}

    def run(opened: Session, found: FoundSchedule) -> dict[str, Any]:
        task = opened.scheduler.schedules.run(found.stored.name, queue=found.queue)
        if found.queue not in warnings:
            warnings[found.queue] = why_none_starts(opened, found.queue, None, found.queue)
        return {"outcome": "enqueued", "id": task.id}

    try:
        _act_on(names, queue, url, as_json, run)
    finally:
        for warning in filter(None, warnings.values()):
            click.echo(f"Warning: {warning}", err=True)


@click.command("rm")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@_named
def remove_schedules(names: Sequence[str], queue: str | None, dry_run: bool, url: str | None, as_json: bool) -> None:
    """Remove schedules.

    Their tasks that were enqueued ahead of their time are removed, too; others of theirs stay. One that the code of
    running workers declares is not removed, as they would declare it again. One that cannot be read here is removed.

    JSON: a list of name, queue and outcome: removed, declared by code or unknown; the exit code is 1 if one of them was
    not removed. With --dry-run, the outcome is the state: active, paused or over.
    """

    def remove(opened: Session, found: FoundSchedule) -> dict[str, Any]:
        if dry_run:
            return {"outcome": found.stored.state}
        try:
            opened.scheduler.schedules.remove(found.stored.name, queue=found.queue)
        except InvalidOption:
            return {"outcome": _DECLARED, "application": found.application}
        return {"outcome": "removed"}

    _act_on(names, queue, url, as_json, remove)


def _act_on(names: Sequence[str], queue: str | None, url: str | None, as_json: bool, act: _Act) -> None:
    """Act on each of these schedules. All names are looked up before anything is done. The exit code is 1 if nothing
    could be done for one of them.
    """
    for name in names:
        check_schedule_name("name", name)
    if queue is not None:
        check_queue("queue", queue)
    records: list[dict[str, Any]] = []
    with session(url) as opened:
        found = {name: _find(opened, name, queue) for name in names}
        for name, one in found.items():
            try:
                done = {"outcome": _UNKNOWN} if one is None else act(opened, one)
            except UnknownSchedule:
                done = {"outcome": _UNKNOWN}
            records.append({"name": name, "queue": None if one is None else one.queue, **done})
    if as_json:
        print_json(records)
    else:
        for record in records:
            _print_record(record)
    if any(record["outcome"] in _REFUSALS for record in records):
        raise click.exceptions.Exit(1)


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
