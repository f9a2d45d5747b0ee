"""`python -m docs.performance.peers`: installs each peer in an environment of its own, measures all, keeps the results.

Round by round, each with every peer in it, so that a machine that grows slower slows all of a round alike.
"""

import json
import tempfile
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from docs.performance.kept import keep, read_kept
from docs.performance.load import noted_load
from docs.performance.peers.catalogue import ENTRIES, Entry
from docs.performance.peers.environment import PeerNotInstalled, interpreter_of, versions_of
from docs.performance.peers.process import Stage
from docs.performance.peers.rounds import Amounts, measure_round
from redisched.bench.figures import Figures
from redisched.bench.phase import Phase
from redisched.bench.scale import Scale
from redisched.bench.session import Plan, measure
from redisched.bench.workbench import MeasurementFailed, Workbench
from redisched.embedded import PrivateServer
from redisched.embedded.private import Transport
from redisched.store.broker import connect

_ENVIRONMENTS = Path("build", "peers")
_TIMEOUT_S = 30.0


@click.command()
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="Measure so often.")
@click.option("--only", type=click.Choice([entry.name for entry in ENTRIES]), multiple=True, help="This one alone.")
@click.option(
    "--add", is_flag=True, help="Add to the rounds that are kept, as after a pause, rather than replace them."
)
@click.option("--trial", is_flag=True, help="Few tasks of each kind, and nothing is kept: to see whether all works.")
@click.option(
    "--environments",
    type=click.Path(file_okay=False, path_type=Path),
    default=_ENVIRONMENTS,
    show_default=True,
    help="Where the peers are installed.",
)
def main(rounds: int, only: tuple[str, ...], add: bool, trial: bool, environments: Path) -> None:  # noqa: FBT001
    """Measure redisched and its peers on one private server, and keep the results for the documentation."""
    amounts = (
        Amounts(one_by_one=200, many=500, trial=200, drain_s=0.1, picked_up=10, delayed=20) if trial else Amounts()
    )
    interpreters, left_out = _install([entry for entry in ENTRIES if not only or entry.name in only], environments)
    with noted_load() as load:
        found = _measure(interpreters, rounds, amounts)
    found |= {"left_out": left_out | found["left_out"], "load": [load]}
    if trial:
        click.echo(json.dumps(found))
    else:
        keep("peers", added(read_kept("peers"), found) if add else found)


def added(kept: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Two measurements as one: the rounds of both, and everything else as it was in the second."""
    together = {
        entry.name: [found["peers"][entry.name] for found in (kept, more) if entry.name in found["peers"]]
        for entry in ENTRIES
    }
    return {
        **more,
        "floor": kept["floor"] + more["floor"],
        "load": kept["load"] + more["load"],
        "left_out": kept["left_out"] | more["left_out"],
        "peers": {
            name: {**peers[-1], "rounds": [figures for peer in peers for figures in peer["rounds"]]}
            for name, peers in together.items()
            if peers
        },
    }


def _install(entries: list[Entry], environments: Path) -> tuple[dict[Entry, Path], dict[str, str]]:
    """The interpreter of each peer that can be installed, and the reason for each that cannot."""
    interpreters: dict[Entry, Path] = {}
    left_out: dict[str, str] = {}
    for entry in entries:
        click.echo(f"{entry.title}: environment ...", err=True)
        try:
            interpreters[entry] = interpreter_of(entry, environments)
        except PeerNotInstalled as error:
            click.echo(error, err=True)
            left_out[entry.name] = error.reason
    return interpreters, left_out


def _measure(interpreters: dict[Entry, Path], rounds: int, amounts: Amounts) -> dict[str, Any]:
    found: dict[str, list[Figures]] = {entry.name: [] for entry in interpreters}
    left_out: dict[str, str] = {}
    with (
        tempfile.TemporaryDirectory(prefix="redisched-peers-") as folder,
        PrivateServer(transport=Transport.LOOPBACK) as server,
        closing(connect(server.url, _TIMEOUT_S)) as broker,
    ):
        workbench = Workbench(url=server.url, broker=broker, scale=Scale())
        floor = measure(server.url, Plan(phases=frozenset({Phase.FLOOR}), rounds=rounds, scale=Scale()), _silent)
        for number in range(1, rounds + 1):
            for entry, interpreter in interpreters.items():
                click.echo(f"round {number} of {rounds}: {entry.title} ...", err=True)
                starts = Path(folder, entry.name)
                stage = Stage(entry=entry, interpreter=interpreter.absolute(), url=server.url, starts=starts)
                try:
                    found[entry.name].append(measure_round(stage, workbench, amounts))
                except MeasurementFailed as error:
                    click.echo(f"{entry.title} is left out of this round: {error}", err=True)
                    left_out[entry.name] = str(error)
    return {
        "machine": asdict(floor.machine),
        "floor": [figures["floor"] for figures in floor.rounds],
        "amounts": asdict(amounts),
        "peers": {
            entry.name: {"versions": versions_of(entry), "rounds": found[entry.name]}
            for entry in interpreters
            if found[entry.name]
        },
        "left_out": left_out,
    }


def _silent(_what: str) -> None:
    pass


if __name__ == "__main__":
    main()
