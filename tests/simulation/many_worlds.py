"""What tests of worlds have in common: no promise is broken in any of many worlds, and a planted bug shows in one.

Every day has other seeds. A seed that fails is reported with the command that runs it again.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import count, islice
from typing import Any, Protocol, TypeVar

import pytest
from _pytest.mark import ParameterSet

from tests.simulation.bug import Bug
from tests.simulation.calls import Foul
from tests.simulation.plan import draw_plan
from tests.simulation.tally import SIMULATED_STEPS
from tests.simulation.world import STEPS, Report

NIGHTLY_SEEDS = 2_000
FIRST = date.today().toordinal() * NIGHTLY_SEEDS
STEPS_OF_EACH = int(os.environ.get("REDISCHED_STEPS", STEPS))
BATCH = 40


def first_seeds(batch: int = BATCH, nightly: int = NIGHTLY_SEEDS) -> list[ParameterSet]:
    """The first seed of each batch. The first batch runs with every commit, the others at night."""
    night = range(FIRST + batch, FIRST + nightly, batch)
    return [pytest.param(FIRST), *(pytest.param(first, marks=pytest.mark.nightly) for first in night)]


def check_kept(
    seeds: Iterable[int], run: Callable[[int], Report], record_property: Callable[[str, object], None]
) -> None:
    """Raises AssertionError for the first world in which a promise is broken."""
    for seed in seeds:
        report = run(seed)
        record_property(SIMULATED_STEPS, report.steps)
        assert not report.fouls, report.say()


def worlds_for(bug: Bug, since: int, worlds: int) -> Iterator[int]:
    """The seeds of worlds in which a bug may show."""
    return islice((seed for seed in count(since) if bug.needs <= set(draw_plan(seed, 0).faults)), worlds)


def check_caught(
    bug: Bug, monkeypatch: pytest.MonkeyPatch, seeds: Iterable[int], run: Callable[[int], Report], *more: str
) -> Report:
    """Plant a bug; answers the first world with a foul. Raises AssertionError if there is none, or if it is for another
    promise than the bug breaks, or one of `more`.
    """
    bug.plant(monkeypatch)
    report = next((report for report in map(run, seeds) if report.fouls), None)
    assert report is not None
    assert report.fouls[0].startswith((*bug.promises, *more)), report.say()
    return report


class SmallWorld(Protocol):
    """A world of one part of a worker, made of its plan."""

    plan: Any

    def run(self) -> None: ...


W = TypeVar("W", bound=SmallWorld)


def ended(world: W) -> W:
    """A world that has ended. Its fouls name its plan, with which it can be run again."""
    try:
        world.run()
    except Foul as foul:
        raise Foul(f"{foul}\nin {world.plan}") from foul
    return world


def check_caught_in(bug: Bug, monkeypatch: pytest.MonkeyPatch, worlds: Iterator[Callable[[], SmallWorld]]) -> None:
    """Plant a bug. Raises AssertionError if no world has a foul, or the first is for another promise."""
    bug.plant(monkeypatch)
    foul = next(filter(None, map(_foul_of, worlds)), "none was found")
    assert foul.startswith(bug.promises), foul


def _foul_of(make: Callable[[], SmallWorld]) -> str:
    """The foul of a world, empty if it has none."""
    try:
        ended(make())
    except Foul as foul:
        return str(foul)
    return ""
