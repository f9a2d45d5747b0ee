"""Commands that act on what has names, such as workers and schedules: names, patterns of names, or all there are."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import click

from redisched.cli.consent import dry_run_option, yes_option
from redisched.cli.parameters import F, with_all
from redisched.filters.patterns import ExactText, TextPattern, pattern_of
from redisched.filters.words import Value

_OPTIONS: Sequence[Callable[[F], F]] = (
    click.argument("names", metavar="[NAME]...", nargs=-1),
    click.option("--all", "every", is_flag=True, help="All there are, in place of names."),
    dry_run_option("Only say which ones it is about."),
    yes_option("With --all or a pattern: act, not only say which ones it is about."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Which names a command is given, and whether it may act on what has them. `patterns` are those of names that
    stand for several.
    """

    names: Sequence[str]
    patterns: Sequence[TextPattern]
    may_act: bool
    dry_run: bool

    def among(self, known: Iterable[str]) -> list[str]:
        """Those of the known names that a pattern stands for."""
        return [name for name in known if any(pattern.takes(name) for pattern in self.patterns)]


def naming_options(command: F) -> F:
    """Add the names, --all, --dry-run and --yes, which `naming_of` takes."""
    return with_all(_OPTIONS, command)


def naming_of(names: Sequence[str], every: bool, dry_run: bool, yes: bool) -> Naming:
    """Check which names a command is given. A name with * or ? is a pattern, as in filters.

    Raises UsageError if it is given none, or names beside --all.
    """
    if every and names:
        raise click.UsageError("give names or --all, not both")
    if not every and not names:
        raise click.UsageError("give names, a pattern such as 'web-*', or --all")
    read = {name: pattern_of(Value(name, False)) for name in (["*"] if every else names)}
    exact = [name for name, pattern in read.items() if isinstance(pattern, ExactText)]
    patterns = [pattern for pattern in read.values() if not isinstance(pattern, ExactText)]
    return Naming(names=exact, patterns=patterns, may_act=not dry_run and (yes or not patterns), dry_run=dry_run)
