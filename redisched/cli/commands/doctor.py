"""`redisched doctor`: checks whether a Redis is safe for tasks."""

import time
from dataclasses import asdict

import click
from rich.console import Console
from rich.text import Text

from redisched.cli.machine import print_json
from redisched.cli.parameters import json_option, url_option
from redisched.cli.session import session
from redisched.doctor.finding import Finding, Level
from redisched.doctor.topology import examine_all
from redisched.printable import printable

_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.DANGER: "red"}


@click.command()
@url_option
@json_option
def doctor(url: str | None, as_json: bool) -> None:
    """Find problems of a Redis that endanger tasks, and say what to do.

    It checks the server's version, memory, eviction, persistence, clock, replicas and slots, the rights of this user,
    the scripts, keys of other programs, queues without a worker, and tasks that had to be repaired. With the URL of
    Sentinels or of a cluster it checks each primary and the quorum, and reports which node has which queue. The exit
    code is 1 if tasks can be lost, or can neither start nor end.

    JSON: a list of check, level (ok, warning or danger), sentence.
    """
    with session(url) as opened:
        findings = list(examine_all(opened.scheduler.broker, time.time))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _print(findings)
    if any(finding.level is Level.DANGER for finding in findings):
        raise click.exceptions.Exit(1)


def _print(findings: list[Finding]) -> None:
    # Uses no colours if the output is a file, with NO_COLOR, or on a dumb terminal.
    console = Console(highlight=False)
    check_width = max(len(finding.check) for finding in findings)
    level_width = max(len(level) for level in Level)
    for finding in findings:
        level = (f"{finding.level:<{level_width}}", _COLOURS[finding.level])
        line = Text.assemble(level, f"  {finding.check:<{check_width}}  {printable(finding.sentence)}")
        console.print(line, soft_wrap=True)
