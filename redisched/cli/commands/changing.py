"""`redisched task reprioritize | reschedule | run-now`: changes tasks that wait."""

from datetime import datetime
from typing import Any

import click

from redisched.cli.acting import act, acting_options, wanted_of
from redisched.cli.filtering import CommandTakingFilters
from redisched.cli.parameters import moment, priority, seconds
from redisched.cli.session import session
from redisched.client.verbs import RUN_NOW, Reprioritize, reprioritization, rescheduling


@click.command("reprioritize", cls=CommandTakingFilters)
@click.option(
    "--priority",
    "level",
    type=priority,
    metavar="0..255",
    required=True,
    help="A lower number runs first; or critical, high, normal, low, bulk.",
)
@acting_options
def reprioritize(level: int, **given: Any) -> None:
    """Give waiting tasks another priority.

    With a filter, nothing is changed without --yes.

    JSON: a list of id, queue and outcome: changed, leased (a worker has it), ended or unknown; the exit code is 1 if
    one of the given ids was not changed. With --dry-run or without --yes: a list of id, queue and state.
    """
    _change(reprioritization(level), "reprioritize", **given)


@click.command("reschedule", cls=CommandTakingFilters)
@click.option("--delay", type=seconds, metavar="DURATION", help="Run them after this time: 500ms, 10s, 5m, 2h, 1d.")
@click.option(
    "--run-at",
    type=moment,
    metavar="MOMENT",
    help="Run them then: 2030-01-31T09:00:00Z, or seconds since 1970.",
)
@acting_options
def reschedule(delay: float | None, run_at: datetime | float | None, **given: Any) -> None:
    """Give waiting tasks another time.

    Also those that wait for a retry. With a filter, nothing is changed without --yes.

    JSON: as `redisched task reprioritize --json`; an outcome may also be expires: the task would expire before that
    time.
    """
    if (delay is None) == (run_at is None):
        raise click.UsageError("say when they run, by one of --delay and --run-at")
    _change(rescheduling(delay, run_at), "reschedule", **given)


@click.command("run-now", cls=CommandTakingFilters)
@acting_options
def run_now(**given: Any) -> None:
    """Make waiting tasks due now, also those that wait for a retry.

    With a filter, nothing is changed without --yes.

    JSON: as `redisched task reschedule --json`.
    """
    _change(RUN_NOW, "run now", **given)


def _change(verb: Reprioritize, deed: str, *, url: str | None, as_json: bool, **given: Any) -> None:
    wanted = wanted_of(**given)
    with session(url) as opened:
        act(opened, wanted, verb, deed, as_json)
