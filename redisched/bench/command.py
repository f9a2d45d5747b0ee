"""`redisched bench`: measures redisched on this machine, beside what bare Lua reaches on it."""

import json
import sys

import click

from redisched.bench.phase import Phase
from redisched.bench.report import print_report
from redisched.bench.scale import DEFAULT_TASKS, scale_of
from redisched.bench.session import measure


@click.command()
@click.option("--json", "output", flag_value="json", help="Print the figures as JSON.")
@click.option(
    "--tasks", type=click.IntRange(min=1), default=DEFAULT_TASKS, show_default=True, help="Tasks of each drain."
)
@click.option(
    "--only",
    type=click.Choice([phase.value for phase in Phase]),
    multiple=True,
    help="Measure this phase alone; repeatable.",
)
@click.option("--url", help="Measure on this Redis, in queues of its own, rather than on a private server.")
def bench(output: str | None, tasks: int, only: tuple[str, ...], url: str | None) -> None:
    """Measure redisched on this machine, beside what bare Lua reaches on it.

    All with default settings. Takes about a minute; nothing else should run meanwhile.
    """
    figures = measure(url, scale_of(tasks), map(Phase, only or Phase), _announce)
    if output == "json":
        click.echo(json.dumps(figures, indent=2))
    else:
        print_report(figures)


def _announce(phase: Phase) -> None:
    if sys.stderr.isatty():
        click.echo(f"measuring {phase} ...", err=True)
