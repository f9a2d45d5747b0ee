"""`redisched dead`: lets dead tasks run again, and discards them; other modules list them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import click

from redisched.cli.acting import act, acting_options, wanted_of
from redisched.cli.application import load_scheduler
from redisched.cli.arguments import keywords_of, value_of
from redisched.cli.commands.listing_dead import list_dead, list_dead_groups
from redisched.cli.deployment import option
from redisched.cli.filtering import CommandTakingFilters
from redisched.cli.session import session
from redisched.client.dead_tasks import Arguments, Discard, Replay
from redisched.client.verbs import Verb
from redisched.conversion.conversion import Encoded
from redisched.filters.parsing import is_term
from redisched.model import TaskState


@click.group()
def dead() -> None:
    """List dead tasks, one by one or by cause; retry or discard them."""


for _command in (list_dead, list_dead_groups):
    dead.add_command(_command)


@dead.command("retry", cls=CommandTakingFilters)
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
    """Let dead tasks run again.

    They are due now, and their attempts are counted from 0 again. Their failures stay visible. With --args or
    --kwarg, one task runs with these arguments in place of all it had. With --all or a filter, nothing is
    changed without --yes.

    JSON: a list of id, queue and outcome: replayed, not dead, may start only once, key is taken, or unknown; the exit
    code is 1 if one of the given ids was not replayed. With --dry-run or without --yes: a list of id, queue and state.
    """
    if (args is not None or pairs) and (len(given["words"]) != 1 or is_term(given["words"][0])):
        raise click.UsageError("other arguments are for one task: give its id")
    arguments = _arguments(args, pairs, target) if args is not None or pairs else None
    _act(Replay(arguments), "retry", every, url, as_json, given)


@dead.command("discard", cls=CommandTakingFilters)
@click.option("--all", "every", is_flag=True, help="All tasks that are dead now.")
@acting_options
def discard_dead(every: bool, url: str | None, as_json: bool, **given: Any) -> None:
    """End dead tasks for good.

    They are shown as cancelled until their retention is over, and then forgotten. With --all or a filter, nothing
    is changed without --yes.

    JSON: a list of id, queue and outcome: discarded, not dead or unknown; the exit code is 1 if one of the given ids
    was not discarded. With --dry-run or without --yes: a list of id, queue and state.
    """
    _act(Discard(), "discard", every, url, as_json, given)


def _act(verb: Verb[StrEnum], deed: str, every: bool, url: str | None, as_json: bool, given: dict[str, Any]) -> None:
    """Act on the dead tasks that the options name; `every` stands for a filter of all dead tasks."""
    if every:
        given["states"] = (TaskState.DEAD.value,)
    wanted = wanted_of(**given)
    with session(url) as opened:
        act(opened, wanted, verb, deed, as_json)


def _arguments(args: str | None, pairs: tuple[str, ...], target: str | None) -> Arguments:
    positional = [] if args is None else value_of(args)
    if not isinstance(positional, list):
        raise click.BadParameter(f"{args!r} is not a list in JSON, such as '[1, \"two\"]'", param_hint="--args")
    encode = _as_given if target is None else load_scheduler(target).encode_arguments
    return Arguments(positional, keywords_of(pairs), encode)


def _as_given(_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Encoded:
    """Without an application, no handler is known whose signature could refuse the arguments."""
    return args, kwargs, None
