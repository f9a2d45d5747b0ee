"""`redisched demo`: a fleet at real work, with nothing to set up."""

from dataclasses import asdict

import click

from redisched.cli.machine import print_json
from redisched.cli.parameters import json_option
from redisched.demo.command import DEFAULT_TASKS, Audience, run_demo


@click.command()
@click.option("--tasks", default=DEFAULT_TASKS, show_default=True, help="How many tasks.")
@json_option
def demo(tasks: int, as_json: bool) -> None:
    """See a fleet do real work, with nothing to set up.

    Two worker processes checksum files, charge payments through a gateway that refuses and stalls, send mail, read a
    log, add up results and take readings. Half-way one of them is killed on purpose. The summary is counted from what
    the jobs really did; the exit code is 1 if anything was lost.

    JSON: enqueued, succeeded, retried, dead, lost, recovered, taken_back, double_charges, mails_received, inversions,
    pickup_ms and lateness_ms with p50, p99 and max, lateness_ms also with early, kinds, seconds.
    """
    summary = run_demo(tasks, Audience.MACHINES if as_json else Audience.PEOPLE)
    if as_json:
        print_json(asdict(summary))
    raise click.exceptions.Exit(0 if summary.holds else 1)
