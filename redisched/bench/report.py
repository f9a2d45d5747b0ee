"""Figures for people: each beside the floor of the same run, as a table on a terminal and as plain lines elsewhere."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console
from rich.table import Table

ENQUEUE_FLOOR = "floor.enqueue_per_s"
CLAIM_FLOOR = "floor.claim_ack_per_s"
HEADINGS = ("figure", "value", "floor", "ratio")


@dataclass(frozen=True, slots=True)
class Row:
    """A figure as it is shown: where it stands among the figures, and against what it is held."""

    path: str
    label: str
    unit: str
    floor: str = ""


ROWS = (
    Row(ENQUEUE_FLOOR, "floor: bare Lua, enqueue", "/s"),
    Row(CLAIM_FLOOR, "floor: bare Lua, claim and ack", "/s"),
    Row("enqueue_one_client_per_s", "bare script calls one by one", "/s", ENQUEUE_FLOOR),
    Row("enqueue_one_per_s", "enqueue one by one, against bare calls", "/s", "enqueue_one_client_per_s"),
    Row("enqueue_many_per_s", "enqueue_many", "/s", ENQUEUE_FLOOR),
    Row("enqueue_async_per_s", "enqueue_async, 100 at once", "/s", ENQUEUE_FLOOR),
    Row("drain_async_per_s", "drain, 1 process, async", "/s", CLAIM_FLOOR),
    Row("drain_sync_per_s", "drain, 1 process, sync", "/s", CLAIM_FLOOR),
    Row("drain_two_processes_per_s", "drain, 2 processes, async", "/s", CLAIM_FLOOR),
    Row("pickup_ms.p50", "idle pick-up p50", "ms"),
    Row("pickup_ms.p99", "idle pick-up p99", "ms"),
    Row("late_ms.p50", "lateness p50", "ms"),
    Row("late_ms.p99", "lateness p99", "ms"),
    Row("late_ms.max", "lateness, the worst", "ms"),
    Row("late_ms.early", "started early", "tasks"),
    Row("bytes_per_task", "Redis memory per waiting task", "bytes"),
    Row("redis_us_per_task", "Redis CPU per task", "us"),
    Row("inversions", "priority inversions", "tasks"),
    Row("claim_us.1000", "claim from a backlog of 1,000", "us"),
    Row("claim_us.1000000", "claim from a backlog of 1,000,000", "us", "claim_us.1000"),
)


def print_report(figures: Mapping[str, Any]) -> None:
    """Print the figures that were measured, and on which machine."""
    machine = figures["machine"]
    place = f"{machine['server']}, Python {machine['python']}, {machine['cores']} cores, {machine['date']}"
    lines = list(report_lines(figures))
    if sys.stdout.isatty():
        _print_table(lines, place)
        return
    for line in (HEADINGS, *lines):
        click.echo("\t".join(line))
    click.echo(place)


def report_lines(figures: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Label, value, floor and ratio of each figure that was measured; empty where there is no floor."""
    for row in ROWS:
        value, floor = _find(figures, row.path), _find(figures, row.floor)
        if value is not None:
            beside = ("", "") if not floor else (_shown(floor, row.unit), f"{value / floor:.2f}")
            yield (row.label, _shown(value, row.unit), *beside)


def _print_table(lines: Sequence[Sequence[str]], place: str) -> None:
    table = Table(caption=place)
    for index, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="right" if index else "left")
    for line in lines:
        table.add_row(*line)
    Console().print(table)


def _find(figures: Mapping[str, Any], path: str) -> float | None:
    name, _, inner = path.partition(".")
    found = figures.get(name)
    return found.get(inner) if isinstance(found, Mapping) else found


def _shown(value: float, unit: str) -> str:
    digits = 3 if unit == "ms" else 0 if unit in ("/s", "tasks") else 1
    number = f"{value:,.{digits}f}"
    return number + unit if unit == "/s" else f"{number} {unit}"
