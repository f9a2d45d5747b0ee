"""`redisched bench`: measures redisched on this machine, and compares it with plain Lua scripts."""

import json
import sys
from collections.abc import Sequence, Set
from pathlib import Path
from typing import TextIO

import click
from click.core import ParameterSource

from redisched.bench.comparison import differences
from redisched.bench.phase import CLUSTERED, ONCE, PROFILED, SHARDED, Phase
from redisched.bench.report import print_comparison, print_report
from redisched.bench.results import read_results, to_json
from redisched.bench.scale import DEFAULT_TASKS, Scale, scale_of
from redisched.bench.session import Plan, measure, profile
from redisched.shard_map import LARGEST_COUNT

_STANDARD_OUTPUT = "<stdout>"
_RESULTS_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

_rounds_option = click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Repeat each measurement and report the medians. Measured only once: "
    + ", ".join(phase for phase in Phase if phase in ONCE)
    + ".",
)
_only_option = click.option(
    "--only",
    type=click.Choice([phase.value for phase in Phase]),
    multiple=True,
    help="Measure only this phase. For several, repeat the option.",
)
_shards_option = click.option(
    "--shards",
    type=click.IntRange(1, LARGEST_COUNT),
    default=1,
    show_default=True,
    help="Use queues of so many shards. Without --only, measure the phases for which shards matter.",
)
_nodes_option = click.option(
    "--nodes",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    help="Use a private cluster of so many nodes on this machine.",
)
_profile_option = click.option(
    "--profile",
    "profile_to",
    metavar="[FILE]",
    is_flag=False,
    flag_value="-",
    type=click.File("w", lazy=False),
    help="Print how much time each function takes instead of figures, and also write it to FILE.",
)


@click.group(invoke_without_command=True)
@click.option("--json", "output", flag_value="json", help="Print the figures as JSON.")
@click.option(
    "--tasks",
    type=click.IntRange(min=1),
    default=DEFAULT_TASKS,
    show_default=True,
    help="How many tasks the phases that empty a queue begin with.",
)
@_rounds_option
@_only_option
@_shards_option
@_nodes_option
@click.option("--url", help="Measure on this Redis, in separate queues, instead of a private server.")
@_profile_option
@click.pass_context
def bench(
    context: click.Context,
    output: str | None,
    tasks: int,
    rounds: int,
    only: tuple[str, ...],
    shards: int,
    nodes: int,
    url: str | None,
    profile_to: TextIO | None,
) -> None:
    """Measure redisched on this machine, and compare it with plain Lua scripts.

    All settings have their defaults. It takes ten to twelve minutes, or seven with --rounds 1. Run nothing else on the
    machine during that time.
    """
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    if url is not None and nodes > 1:
        raise click.UsageError("--nodes starts a private cluster, so it cannot be given with --url")
    scale = scale_of(tasks, shards, nodes)
    if profile_to is None:
        plan = Plan(phases=_phases(only, frozenset(Phase), scale), rounds=rounds, scale=scale)
        _measure(url, plan, output)
    elif output is not None:
        raise click.UsageError("--profile prints a table, so it cannot be given with --json")
    else:
        _profile(url, Plan(phases=_phases(only, PROFILED, scale), rounds=1, scale=scale), profile_to)


@bench.command()
@click.argument("first", type=_RESULTS_FILE)
@click.argument("second", type=_RESULTS_FILE)
@click.option("--json", "output", flag_value="json", help="Print the differences as JSON.")
def compare(first: Path, second: Path, output: str | None) -> None:
    """Compare two files with the output of --json.

    For each figure: SECOND divided by FIRST, and whether the difference is larger than that between the rounds.
    """
    one, other = read_results(first), read_results(second)
    if output == "json":
        click.echo(json.dumps([difference.as_json() for difference in differences(one, other)], indent=2))
    else:
        print_comparison(one, other)


def _phases(only: Sequence[str], default: Set[Phase], scale: Scale) -> frozenset[Phase]:
    """The phases that the user named; if none, those of the default ones that are meaningful at this scale."""
    named = frozenset(map(Phase, only))
    fit = frozenset(default)
    for option, several, phases in (("--nodes", scale.nodes > 1, CLUSTERED), ("--shards", scale.shards > 1, SHARDED)):
        if several and named - phases:
            raise click.UsageError(f"{option} is not for {', '.join(sorted(named - phases))}")
        fit = fit & phases if several else fit
    return named or fit


def _measure(url: str | None, plan: Plan, output: str | None) -> None:
    results = measure(url, plan, _announce)
    if output == "json":
        click.echo(to_json(results))
    else:
        print_report(results)


def _profile(url: str | None, plan: Plan, file: TextIO) -> None:
    text = str(profile(url, plan, _announce))
    click.echo(text, nl=False)
    if file.name != _STANDARD_OUTPUT:
        file.write(text)


def _refuse_options(context: click.Context) -> None:
    """Raise a usage error if an option is given that would have no effect."""
    for parameter in context.command.params:
        name = parameter.name or ""
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"{parameter.opts[0]} is an option of measuring and has no effect on {context.invoked_subcommand}"
            )


def _announce(what: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"{what} ...", err=True)
