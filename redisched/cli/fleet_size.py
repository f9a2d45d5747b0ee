"""How many processes a worker has and how many tasks each runs at once, where it is to find that out itself."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import click

from redisched.cli.cpus import UsableCpus
from redisched.counted import counted

AUTO = "auto"


def count_or_auto(text: str) -> int | str:
    """Convert a whole number, or leave the word auto. Raises BadParameter."""
    try:
        return AUTO if text == AUTO else int(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither a whole number nor {AUTO}") from None


def fit_to_cpus(given: Mapping[str, Any], find_cpus: Callable[[], UsableCpus]) -> tuple[dict[str, Any], str | None]:
    """The options of a worker with numbers in place of auto, and a sentence that says which and why; None if no option
    is auto.

    As many tasks as CPUs are run at once by all processes together: this is for handlers that compute.
    """
    options = [name for name in ("processes", "concurrency") if given[name] == AUTO]
    if not options:
        return dict(given), None
    cpus = find_cpus()
    processes = cpus.rounded if given["processes"] == AUTO else given["processes"]
    concurrency = given["concurrency"]
    if concurrency == AUTO:
        concurrency = max(1, math.ceil(cpus.number / max(1, processes)))
    sentence = (
        f"{counted(processes, 'worker process', 'worker processes')} with {counted(concurrency, 'task')} at once, by"
        f" {' and '.join(f'--{name} {AUTO}' for name in options)}: {cpus.reason}"
    )
    return {**given, "processes": processes, "concurrency": concurrency}, sentence
