"""The results of a measurement, with every single round, and the JSON file from which they can be compared later."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from redisched.bench.catalogue import rows
from redisched.bench.figures import Figures
from redisched.bench.machine import Machine
from redisched.bench.rounds import RoundSpread, ratio_of, spread_of, typical_figures
from redisched.bench.scale import Scale
from redisched.errors import RedischedError

T = TypeVar("T")


class NotResults(RedischedError):
    """Raised when a file does not contain results of a measurement."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path} holds no results of `redisched bench --json`: {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was measured in each round, what was measured once, at which scale and on which machine."""

    rounds: tuple[Figures, ...]
    once: Figures
    scale: Scale
    machine: Machine

    @property
    def all_rounds(self) -> tuple[Figures, ...]:
        """All rounds; the figures that were measured once form an additional one."""
        return (*self.rounds, self.once)


def to_json(results: Results) -> str:
    """Results as JSON: the typical figures by name, their spread over the rounds, and the rounds themselves."""
    answer = {
        **typical_figures(results.all_rounds),
        "spread": dict(_spreads(results)),
        "ratios": dict(_ratios(results)),
        "targets": dict(_targets(results)),
        "scale": asdict(results.scale),
        "machine": asdict(results.machine),
        "rounds": results.rounds,
        "once": results.once,
    }
    return json.dumps(answer, indent=2)


def read_results(path: Path) -> Results:
    """The results in a file that `to_json` wrote.

    Raises NotResults if the file contains something else, and OSError if it cannot be read.
    """
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise NotResults(path, "it is not JSON") from error
    if not isinstance(found, dict):
        raise NotResults(path, "it is no JSON object")
    missing = [name for name in ("rounds", "once", "scale", "machine") if name not in found]
    if missing:
        raise NotResults(path, f"it has no {missing[0]!r}")
    rounds, once = found["rounds"], found["once"]
    if not isinstance(rounds, list) or not all(map(_are_figures, (*rounds, once))):
        raise NotResults(path, "its rounds are no figures")
    return Results(
        rounds=tuple(rounds),
        once=once,
        scale=_read(Scale, found["scale"], path),
        machine=_read(Machine, found["machine"], path),
    )


def _read(kind: type[T], found: object, path: Path) -> T:
    try:
        return kind(**found)  # type: ignore[arg-type]
    except TypeError as error:
        raise NotResults(path, f"its {kind.__name__.lower()} is none of this version; measure again") from error


def _are_figures(found: object) -> bool:
    if not isinstance(found, dict):
        return False
    values = [value for part in found.values() for value in (part.values() if isinstance(part, dict) else [part])]
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _spreads(results: Results) -> Iterator[tuple[str, Mapping[str, float]]]:
    for row in rows(results.scale):
        spread = spread_of(row.path, results.all_rounds)
        if spread is not None:
            yield row.path, _as_json(spread)


def _ratios(results: Results) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for row in rows(results.scale):
        ratio = ratio_of(row, results.all_rounds)
        if ratio is not None:
            yield row.path, {"beside": row.beside, **_as_json(ratio)}


def _targets(results: Results) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the targets, and whether each is reached: None if the scale is too small to tell."""
    for row in rows(results.scale):
        value = spread_of(row.path, results.all_rounds)
        if value is not None and row.target is not None:
            ratio = ratio_of(row, results.all_rounds)
            reached = row.target.is_reached(value.typical, ratio and ratio.typical)
            yield row.path, {"target": str(row.target), "reached": reached if results.scale.is_full else None}


def _as_json(spread: RoundSpread) -> Mapping[str, float]:
    return {"median": spread.typical, "min": spread.lowest, "max": spread.highest, "rounds": spread.rounds}
