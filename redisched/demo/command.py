"""Runs the whole demo with a given number of tasks, and shows it."""

import random
from enum import StrEnum

import click
from rich.console import Console

from redisched.demo.performance import Performance
from redisched.demo.stage import Stage, stage
from redisched.demo.summary import Summary
from redisched.demo.view import SilentView, View, open_view, print_summary
from redisched.demo.workload import Job, plan, stream_s


class Audience(StrEnum):
    """Who watches the demo; that decides what is printed."""

    PEOPLE = "people"
    MACHINES = "machines"
    """Programs, which read only the summary."""


def run_demo(tasks: int, audience: Audience) -> Summary:
    """Run the demo with the given number of tasks, show it, and return the summary.

    Raises InvalidOption for too few tasks; NoServerBinary and ServerStartFailed if no Redis can be started.
    """
    jobs = plan(tasks, random.Random(tasks))
    with stage() as staged:
        if audience is Audience.MACHINES:
            return _play(staged, jobs, tasks, SilentView())
        click.echo(
            "Starting a Valkey, two worker processes, a payment gateway that sometimes fails, and a mail server."
        )
        with open_view(Console(highlight=False)) as view:
            summary = _play(staged, jobs, tasks, view)
    print_summary(summary)
    return summary


def _play(staged: Stage, jobs: list[Job], tasks: int, view: View) -> Summary:
    return Performance(stage=staged, jobs=jobs, stream_s=stream_s(tasks), say=view.say, show=view.show).play()
