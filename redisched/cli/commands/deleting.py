"""`redisched task delete` and `redisched queue purge`: removes tasks that no worker has."""

from typing import Any

import click

from redisched.cli.acting import Wanted, act, acting_options, wanted_of
from redisched.cli.completing import complete_queue
from redisched.cli.consent import dry_run_option, yes_option
from redisched.cli.filtering import CommandTakingFilters
from redisched.cli.parameters import json_option, url_option
from redisched.cli.session import Session, session
from redisched.client.deleting import PURGED, WITH_WORKERS, Delete
from redisched.client.selecting import Matching, filter_of
from redisched.client.verbs import Look
from redisched.counted import counted
from redisched.filters.conditions import StateIn
from redisched.filters.filter import Filter
from redisched.model import TaskState

_ANY_STATE: tuple[frozenset[TaskState], ...] = (frozenset(), frozenset(PURGED))
"""The states of a filter if none were given."""
_STATES = sorted(state.value for state in Delete().states)


@click.command("delete", cls=CommandTakingFilters)
@acting_options
def delete_tasks(url: str | None, as_json: bool, **given: Any) -> None:
    """Remove tasks with all their data.

    Those are tasks that wait, are dead, or have ended; a worker keeps those that it has. For 15 seconds more the id
    of a deleted task is known, so that a call that is repeated does not add it again; then it may be used for
    another task. Who waits for its result is told that it is cancelled. With a filter, nothing is changed without
    --yes; what is interrupted, the same command goes on with.

    JSON: a list of id, queue and outcome: deleted, leased (a worker has the task) or unknown; the exit code is 1 if one
    of the given ids was not deleted. With --dry-run or without --yes: a list of id, queue and state.
    """
    wanted = wanted_of(**given)
    with session(url) as opened:
        _delete(opened, wanted, as_json)


@click.command("purge")
@click.argument("name", metavar="NAME", shell_complete=complete_queue)
@click.option(
    "--state",
    "states",
    type=click.Choice(_STATES),
    multiple=True,
    help="Delete tasks in this state; for several, repeat the option. Default: those that wait or are dead.",
)
@dry_run_option("Only say how many tasks it is about.")
@yes_option("Delete them, not only say how many there are.")
@url_option
@json_option
def purge_queue(name: str, states: tuple[str, ...], dry_run: bool, yes: bool, url: str | None, as_json: bool) -> None:
    """Delete the tasks of a queue that wait or are dead.

    They wait for their time or for a worker. A worker keeps the tasks that it has. To have no new ones taken
    meanwhile, pause the queue first.

    JSON: as `redisched task delete --json`.
    """
    source = Matching(filter_of(None, name, None, states or PURGED, None))
    with session(url) as opened:
        _delete(opened, Wanted(source=source, may_act=yes and not dry_run, dry_run=dry_run), as_json)


def _delete(opened: Session, wanted: Wanted, as_json: bool) -> None:
    if isinstance(wanted.source, Matching) and not as_json:
        _tell_of_kept(opened, wanted.source.wanted)
    act(opened, wanted, Delete(), "delete", as_json)


def _tell_of_kept(opened: Session, wanted: Filter) -> None:
    """Say how many tasks stay, unless the filter asks for states in which tasks can be deleted."""
    if wanted.asked_states not in _ANY_STATE:
        return
    others = (condition for condition in wanted.conditions if not isinstance(condition, StateIn))
    kept = opened.act(Matching(Filter((*others, StateIn(WITH_WORKERS)))), Look())
    if kept:
        click.echo(f"{counted(len(kept), 'task')} that workers have will stay.", err=True)
