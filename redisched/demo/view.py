"""Shows a demo: a live table on a terminal, plain lines elsewhere, and the summary at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from redisched.demo.facts import Kind
from redisched.demo.performance import DemoProgress
from redisched.demo.summary import Summary

PLAIN_EVERY_S = 1.0


class View(Protocol):
    """Shows a demo while it runs."""

    def say(self, line: str) -> None: ...

    def show(self, progress: DemoProgress) -> None: ...


class SilentView:
    """Shows nothing, for programs that read only the summary."""

    def say(self, line: str) -> None:
        """Ignore an event."""

    def show(self, progress: DemoProgress) -> None:
        """Ignore the progress."""


class PlainLines:
    """Prints one line of progress per second."""

    def __init__(self) -> None:
        self._next_s = 0.0

    def say(self, line: str) -> None:
        click.echo(line)

    def show(self, progress: DemoProgress) -> None:
        if progress.seconds >= self._next_s:
            self._next_s = progress.seconds + PLAIN_EVERY_S
            counts = (progress.enqueued, progress.running, progress.succeeded, progress.failed_attempts)
            enqueued, running, succeeded, failed = (sum(count.values()) for count in counts)
            click.echo(
                f"{progress.seconds:4.1f} s  {enqueued} enqueued, {running} running, {succeeded} succeeded, "
                f"{failed} attempts failed, {len(progress.by_worker)} worker processes so far"
            )


class LiveTable:
    """A table that is updated in place, with the events below it."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._said: list[str] = []

    def say(self, line: str) -> None:
        self._said.append(line)

    def show(self, progress: DemoProgress) -> None:
        table = Table(
            title=f"redisched demo, {progress.seconds:.1f} s", title_justify="left", box=None, padding=(0, 2, 0, 0)
        )
        for heading in ("kind", "enqueued", "running", "succeeded", "failed attempts"):
            table.add_column(heading, justify="left" if heading == "kind" else "right")
        for kind in Kind:
            counts = (progress.enqueued, progress.running, progress.succeeded, progress.failed_attempts)
            table.add_row(kind.value, *(str(count.get(kind, 0)) for count in counts))
        workers = ", ".join(f"{name} {count}" for name, count in progress.by_worker.items())
        self._live.update(Group(table, Text(f"started by: {workers}"), *map(Text, self._said)))


@contextmanager
def open_view(console: Console) -> Iterator[View]:
    """Give a live table if the console is a terminal, else plain lines."""
    if not console.is_terminal:
        yield PlainLines()
        return
    with Live(console=console, refresh_per_second=10) as live:
        yield LiveTable(live)


def print_summary(summary: Summary) -> None:
    """Print the summary for people."""
    pickup, lateness = summary.pickup_ms, summary.lateness_ms
    kinds = ", ".join(f"{count} {kind}" for kind, count in summary.kinds.items())
    click.echo(f"\nIn {summary.seconds} s: {kinds}.")
    for name, value in (
        ("enqueued", str(summary.enqueued)),
        ("succeeded", str(summary.succeeded)),
        ("retried", f"{summary.retried} tasks, after their attempts failed"),
        ("dead", f"{summary.dead}, after their last attempt"),
        ("lost", str(summary.lost)),
        (
            "recovered",
            f"{summary.recovered} cut off by the kill and finished elsewhere; {summary.taken_back} taken back",
        ),
        ("double charges", str(summary.double_charges)),
        ("mails received", str(summary.mails_received)),
        ("pick-up", f"p50 {pickup.p50:.1f} ms, p99 {pickup.p99:.1f} ms, under this load"),
        ("lateness", f"p50 {lateness.p50:.1f} ms, p99 {lateness.p99:.1f} ms; {lateness.early} started early"),
        ("inversions", str(summary.inversions)),
    ):
        click.echo(f"  {name:<15} {value}")
    click.echo("Nothing was lost." if summary.holds else "This did not hold what redisched promises; see above.")
