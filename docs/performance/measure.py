"""`python -m docs.performance.measure`: measures what the documentation shows of redisched alone, and keeps it."""

import json
from collections.abc import Callable
from typing import Any

import click

from docs.performance.curves import measure_backlog, measure_latency, measure_processes, measure_shards
from docs.performance.kept import keep
from docs.performance.load import noted_load
from docs.performance.steps import measure_steps
from redisched.bench.phase import Phase
from redisched.bench.results import to_json
from redisched.bench.scale import Scale
from redisched.bench.session import Plan, measure

_FAR_SCALE = Scale(tasks=20_000, enqueued_one_by_one=1_000, picked_up=200, delayed=500, delayed_over_s=5.0)
_TRIAL_SCALE = Scale(
    tasks=500,
    enqueued_one_by_one=50,
    awaited_one_by_one=50,
    picked_up=10,
    delayed=20,
    delayed_over_s=0.5,
    claims=20,
    large_backlog=1_000,
)


def _bench(scale: Scale, rounds: int) -> dict[str, Any]:
    """Everything that `redisched bench` measures."""
    results = measure(None, Plan(phases=frozenset(Phase), rounds=rounds, scale=scale), lambda _what: None)
    found: dict[str, Any] = json.loads(to_json(results))
    return found


SECTIONS: dict[str, tuple[Callable[[Scale, int], dict[str, Any]], Scale]] = {
    "steps": (measure_steps, Scale()),
    "processes": (measure_processes, Scale(tasks=50_000)),
    "shards": (measure_shards, Scale()),
    "latency": (measure_latency, _FAR_SCALE),
    "backlog": (measure_backlog, Scale()),
    "bench": (_bench, Scale()),
}


@click.command()
@click.argument("sections", nargs=-1, type=click.Choice(list(SECTIONS)))
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="Measure so often.")
@click.option("--trial", is_flag=True, help="Little of everything, and nothing is kept: to see whether all works.")
def main(sections: tuple[str, ...], rounds: int, trial: bool) -> None:  # noqa: FBT001 click hands it in
    """Measure SECTIONS, all but those that are not named, and keep the results for the documentation."""
    for section in sections or SECTIONS:
        click.echo(f"{section} ...", err=True)
        measure_section, scale = SECTIONS[section]
        with noted_load() as load:
            found = measure_section(_TRIAL_SCALE if trial else scale, rounds)
        found["load"] = load
        if trial:
            click.echo(json.dumps(found))
        else:
            keep(section, found)


if __name__ == "__main__":
    main()
