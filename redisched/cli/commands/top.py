"""`redisched top`: a live view of queues and workers in the terminal."""

import os
import sys
from importlib.util import find_spec

import click

from redisched.cli.parameters import seconds, url_option
from redisched.cli.session import session

LEAST_EVERY_S = 1.0
_NEEDED = "textual"
"""The module that the extra `top` installs."""


@click.command()
@click.option(
    "--every",
    "every_s",
    type=seconds,
    default="2s",
    show_default=True,
    metavar="DURATION",
    help="Read so often; at least 1s.",
)
@click.option(
    "--redact",
    multiple=True,
    metavar="NAME",
    help="Hide arguments with this name, besides passwords, tokens and the like. For several, repeat the option.",
)
@click.option("--read-only", is_flag=True, help="Pause and resume nothing.")
@url_option
def top(every_s: float, redact: tuple[str, ...], read_only: bool, url: str | None) -> None:
    """Watch queues, workers and tasks live, in this terminal.

    No application is needed. The key ? shows all keys: s sorts, p pauses or resumes a queue, Enter opens a queue, a
    worker or a task, / opens a task by its id, q quits. Up to 200 queues are shown, the first by name. A terminal with
    80 columns is enough, and a wider one shows more. NO_COLOR=1 takes the colours away.

    While Redis does not answer, what was read last stays, with its age. The exit code is 0 after q, and 130 after
    Ctrl-C.
    """
    _expect_extra()
    if every_s < LEAST_EVERY_S:
        raise click.BadParameter(f"Redis is asked once in {LEAST_EVERY_S:g} s at most", param_hint="--every")
    _expect_terminal()
    raise click.exceptions.Exit(_show(url, every_s=every_s, redact=redact, may_change=not read_only))


def _show(url: str | None, *, every_s: float, redact: tuple[str, ...], may_change: bool) -> int:
    """Show the view until it is left; answers the exit code."""
    from redisched.cli.top.context import TopContext
    from redisched.cli.top.keyspace import Keyspace
    from redisched.cli.top.running import run_top
    from redisched.clock import SystemClock
    from redisched.redaction import Redactor

    redactor = Redactor(redact)
    with session(url) as opened:
        opened.check()
        context = TopContext(
            keyspace=Keyspace(opened.scheduler),
            place=opened.place,
            every_s=every_s,
            clock=SystemClock(),
            redactor=redactor,
            may_change=may_change,
        )
        return run_top(context)


def _expect_extra() -> None:
    """Raises UsageError where what draws the view is not installed."""
    if find_spec(_NEEDED) is None:
        raise click.UsageError(
            f"the view is drawn with {_NEEDED}, not installed here; "
            "install it: pip install 'redisched[top]', or in a checkout pip install -e '.[top]'"
        )


def _expect_terminal() -> None:
    """Raises UsageError where the view cannot be drawn."""
    streams = (sys.stdin, sys.stdout, sys.__stderr__)
    if not all(stream is not None and stream.isatty() for stream in streams) or os.environ.get("TERM") == "dumb":
        raise click.UsageError(
            "top needs a terminal; elsewhere use redisched queue ls --watch, redisched workers ls --watch or "
            "redisched stats --watch, with --json for programs"
        )
    if sys.__stderr__ is not None and (sys.__stderr__.encoding or "").lower().replace("-", "") != "utf8":
        raise click.UsageError("top needs a terminal with UTF-8; set LANG, such as LANG=C.UTF-8")
