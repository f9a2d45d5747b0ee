"""`redisched demo`: runs tasks on several workers and kills one process to show that no task is lost."""

from dataclasses import asdict
from importlib.util import find_spec

import click

from redisched.cli.machine import print_json
from redisched.cli.parameters import json_option

DEFAULT_TASKS = 1_000
MAIL_SERVER = "aiosmtpd"
"""The modules that the extra `demo` installs."""


@click.command()
@click.option(
    "--tasks",
    type=click.IntRange(min=1),
    default=DEFAULT_TASKS,
    show_default=True,
    help="How many tasks to enqueue, approximately.",
)
@json_option
def demo(tasks: int, as_json: bool) -> None:
    """Watch workers run real jobs while one of them is killed.

    The demo starts its own server and two worker processes, enqueues six kinds of jobs, and kills one of the processes
    half-way. The exit code is 1 if a task was lost or started early, or a payment was charged twice.

    JSON: enqueued, succeeded, retried, dead, lost, recovered, taken_back, double_charges, mails_received, inversions,
    pickup_ms{p50, p99, max}, lateness_ms{p50, p99, max, early}, kinds, seconds.
    """
    if find_spec(MAIL_SERVER) is None:
        raise click.UsageError(
            f"the demo has a mail server made with {MAIL_SERVER}, which is not installed; "
            "install it: pip install 'redisched[demo]', or in a checkout pip install -e '.[demo]'"
        )
    from redisched.demo.command import Audience, run_demo

    summary = run_demo(tasks, Audience.MACHINES if as_json else Audience.PEOPLE)
    if as_json:
        print_json(asdict(summary))
    if not summary.holds:
        raise click.exceptions.Exit(1)
