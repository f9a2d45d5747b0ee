"""Filters on the command line: words such as state:dead, and options that add to them."""

import re
from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from redisched.cli.completing import complete_filter, complete_handler, complete_queue
from redisched.cli.parameters import moment, seconds
from redisched.client.selecting import check_pattern
from redisched.filters.conditions import AgeIn, Condition, ErrorMatches, NameIn, QueueIn, Range, Since, StateIn
from redisched.filters.filter import EVERY_STATE, Filter
from redisched.filters.parsing import is_term, parse
from redisched.filters.patterns import pattern_of
from redisched.filters.words import Value
from redisched.model import TaskState
from redisched.option_checks import check_queue

_SPAN = re.compile(r"[\d.]+(?:ms|s|m|h|d)?", re.ASCII)
STATES = sorted(state.value for state in EVERY_STATE)


def read_since(text: str) -> Condition:
    """Convert a duration such as 1h, or a moment, to the condition on tasks. Raises BadParameter."""
    if _SPAN.fullmatch(text):
        return AgeIn((Range(None, round(seconds(text) * 1000)),))
    named = moment(text)
    return Since(round((named if isinstance(named, float) else named.timestamp()) * 1000))


filter_argument = click.argument("words", metavar="[FILTER]...", nargs=-1, shell_complete=complete_filter)
queue_filter = click.option("--queue", metavar="NAME", shell_complete=complete_queue, help="Only tasks of this queue.")
name_filter = click.option(
    "--name",
    metavar="NAME",
    shell_complete=complete_handler,
    help="Only tasks of this handler; * stands for any characters.",
)
state_filter = click.option(
    "--state",
    "states",
    type=click.Choice(STATES),
    multiple=True,
    help="Only tasks in this state. For several, repeat the option.",
)
error_filter = click.option(
    "--error", metavar="REGEX", help="Only tasks whose last error has a match of this expression."
)
since_filter = click.option(
    "--since",
    type=read_since,
    metavar="DURATION|MOMENT",
    help="Only tasks that died, ended, started or were due since then: 1h, or 2030-01-31T09:00:00Z.",
)


class CommandTakingFilters(click.Command):
    """A command that accepts terms with a minus such as -state:dead as arguments, and still knows its options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        before, after = args[:end], args[end + 1 :]
        negated = [word for word in before if word.startswith("-") and is_term(word)]
        if negated:
            args = [*(word for word in before if word not in negated), "--", *negated, *after]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-") and is_term(incomplete):
            found += map(CompletionItem, complete_filter(ctx, self.params[0], incomplete))
        return found


def filter_of_words(words: Sequence[str]) -> Filter:
    """Read the words of a command line as one filter. Raises InvalidFilter, and UsageError for a word with spaces that
    may be one value or several terms.
    """
    for word in words:
        pieces = word.split()
        if len(pieces) > 1 and '"' not in word and is_term(pieces[0]) and not all(map(is_term, pieces)):
            field, _, value = word.partition(":")
            raise click.UsageError(
                f"{word!r} may be one value or several terms; write '{field}:\"{value}\"', or give the terms one by one"
            )
    return parse(" ".join(words))


def filter_of_options(
    words: Sequence[str],
    queue: str | None = None,
    name: str | None = None,
    states: Sequence[str] = (),
    error: str | None = None,
    since: Condition | None = None,
) -> Filter:
    """The filter of the words, and of the options, which only add to it."""
    conditions: list[Condition] = []
    if queue is not None:
        conditions.append(QueueIn.exactly(check_queue("queue", queue)))
    if name is not None:
        conditions.append(NameIn((pattern_of(Value(name, False)),)))
    if states:
        conditions.append(StateIn(frozenset(map(TaskState, states))))
    if error is not None:
        conditions.append(ErrorMatches(check_pattern("error", error)))
    if since is not None:
        conditions.append(since)
    return filter_of_words(words).also(*conditions)
