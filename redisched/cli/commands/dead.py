"""`redisched dead`: lists dead tasks, lets them run again, and discards them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import click

from redisched.cli.acting import act, acting_options, wanted_of
from redisched.cli.application import load_scheduler
from redisched.cli.arguments import keywords_of, value_of
from redisched.cli.deployment import option
from redisched.cli.listing import page, tell_of_more
from redisched.cli.machine import print_json
from redisched.cli.parameters import after_option, json_option, limit_option, queue_option, url_option
from redisched.cli.session import session
from redisched.cli.tables import print_table
from redisched.client.dead_tasks import Arguments, Discard, Replay
from redisched.client.verbs import Verb
from redisched.conversion.conversion import Encoded
from redisched.model import TaskState
from redisched.printable import printable, shortened
from redisched.records.task import attempts_of, task_record
from redisched.store.page import Place, Query
from redisched.times import relative

_ERROR_CHARACTERS = 80


@click.group()
def dead() -> None:
    """List dead tasks, which will not run again; retry or discard them."""


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
@click.option("--all", "every", is_flag=True, help="All tasks that are dead now.")
@click.option("--args", metavar="JSON", help="Run it with these positional arguments, a list in JSON, in place of all.")
@click.option(
    "--kwarg", "pairs", metavar="KEY=VALUE", multiple=True, help="With this keyword argument. For several, repeat it."
)
@option("--app", "target", metavar="MODULE:APP", help="Check other arguments against the handlers of this application.")
@acting_options
def retry_dead(
    every: bool,
    args: str | None,
    pairs: tuple[str, ...],
    target: str | None,
    url: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Let dead tasks run again: they are due now, and their attempts are counted from 0 again.

    Their failures stay visible. With --args or --kwarg, one task runs with these arguments in place of all it had.
    With a filter, nothing is changed without --yes.

    JSON: a list of id, queue and outcome: replayed, not dead, may start only once, key is taken, or unknown; the exit
    code is 1 if one of the given ids was not replayed. With --dry-run or without --yes: a list of id, queue and state.
    """
    if (args is not None or pairs) and len(given["task_ids"]) != 1:
        raise click.UsageError("other arguments are for one task: give its id")
    arguments = _arguments(args, pairs, target) if args is not None or pairs else None
    _act(Replay(arguments), "retry", every, url, as_json, given)


@dead.command("discard")
@click.option("--all", "every", is_flag=True, help="All tasks that are dead now.")
@acting_options
def discard_dead(every: bool, url: str | None, as_json: bool, **given: Any) -> None:
    """End dead tasks for good: they are shown as cancelled until their retention is over, and then forgotten.

    With --all or a filter, nothing is changed without --yes.

    JSON: a list of id, queue and outcome: discarded, not dead or unknown; the exit code is 1 if one of the given ids
    was not discarded. With --dry-run or without --yes: a list of id, queue and state.
    """
    _act(Discard(), "discard", every, url, as_json, given)


def _act(verb: Verb[StrEnum], words: str, every: bool, url: str | None, as_json: bool, given: dict[str, Any]) -> None:
    """Act on the dead tasks that the options name; `every` stands for a filter of all dead tasks."""
    if every:
        if given["task_ids"]:
            raise click.UsageError("give either the ids of tasks or --all")
        given |= {"states": (TaskState.DEAD.value,), "yes": given["yes"] or isinstance(verb, Replay)}
    wanted = wanted_of(**given)
    with session(url) as opened:
        act(opened, wanted, verb, words, as_json)


def _arguments(args: str | None, pairs: tuple[str, ...], target: str | None) -> Arguments:
    positional = [] if args is None else value_of(args)
    if not isinstance(positional, list):
        raise click.BadParameter(f"{args!r} is not a list in JSON, such as '[1, \"two\"]'", param_hint="--args")
    encode = _as_given if target is None else load_scheduler(target).encode_arguments
    return Arguments(positional, keywords_of(pairs), encode)


def _as_given(_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Encoded:
    """Without an application, no handler is known whose signature could refuse the arguments."""
    return args, kwargs, None
