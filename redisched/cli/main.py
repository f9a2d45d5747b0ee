"""The entry point of the command line. It lists every command, and imports only the one that is called."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from redisched.cli.exit_codes import INTERRUPTED
from redisched.cli.lazy import LazyCommand, LazyGroup
from redisched.errors import (
    AppNotFound,
    BrokerMisconfigured,
    BrokerRefused,
    InvalidInput,
    NoServer,
    NoServerBinary,
    RedischedError,
    ServerStartFailed,
    WrongKeyType,
)
from redisched.printable import printable
from redisched.url import without_urls

_COMMANDS = "redisched.cli.commands"

COMMANDS = {
    "demo": LazyCommand(f"{_COMMANDS}.demo:demo", "Watch workers run real jobs while one of them is killed."),
    "new": LazyCommand(f"{_COMMANDS}.new:new", "Write a first application into the current folder."),
    "dev": LazyCommand(
        f"{_COMMANDS}.dev:dev", "Run a server, a worker that restarts when code changes, and the dashboard."
    ),
    "worker": LazyCommand(f"{_COMMANDS}.worker:worker", "Run the tasks of an application."),
    "workers": LazyCommand(
        f"{_COMMANDS}.workers:workers", "List worker processes; quiet, resume, stop and recycle them."
    ),
    "top": LazyCommand(f"{_COMMANDS}.top:top", "Watch queues, workers and tasks live, in this terminal."),
    "stats": LazyCommand(f"{_COMMANDS}.stats:stats", "Print what workers did lately, by queue and handler."),
    "health": LazyCommand(f"{_COMMANDS}.health:health", "Check by its health file whether a worker is healthy."),
    "enqueue": LazyCommand(f"{_COMMANDS}.enqueue:enqueue", "Enqueue a task by the name of its handler."),
    "task": LazyCommand(f"{_COMMANDS}.task:task", "List, show, cancel, change and delete tasks."),
    "watch": LazyCommand(f"{_COMMANDS}.watch:watch", "Follow a task until it ends: state, progress and log."),
    "explain": LazyCommand(f"{_COMMANDS}.explain:explain", "Say in a sentence why a task is not running."),
    "queue": LazyCommand(f"{_COMMANDS}.queue:queue", "List queues; pause, drain, purge, grow and remove a queue."),
    "schedule": LazyCommand(
        f"{_COMMANDS}.schedule:schedule", "List, show, add, change, pause, run and remove schedules."
    ),
    "dead": LazyCommand(f"{_COMMANDS}.dead:dead", "List dead tasks, one by one or by cause; retry or discard them."),
    "web": LazyCommand(f"{_COMMANDS}.web:web", "Serve the dashboard of a Redis, and its JSON API at /api/v1."),
    "exporter": LazyCommand(
        f"{_COMMANDS}.exporter:exporter", "Serve the metrics of a keyspace for Prometheus, at /metrics."
    ),
    "server": LazyCommand(f"{_COMMANDS}.server:server", "Start and stop the embedded server; show its status."),
    "doctor": LazyCommand(
        f"{_COMMANDS}.doctor:doctor", "Find problems of a Redis that endanger tasks, and say what to do."
    ),
    "config": LazyCommand(f"{_COMMANDS}.config:config", "Show the settings in effect, and where each comes from."),
    "completion": LazyCommand(
        f"{_COMMANDS}.completion:completion", "Complete commands, queues and handlers in the shell."
    ),
    "bench": LazyCommand(
        "redisched.bench.command:bench", "Measure redisched on this machine, and compare it with plain Lua scripts."
    ),
}
WORDS_ABOUT_WORKERS = frozenset({"ls", "show", "quiet", "resume", "stop", "recycle"})
"""After `worker` these stand for `workers`, where the commands are."""
_SURROUNDINGS = frozenset(
    {
        *(errno.EACCES, errno.EDQUOT, errno.EEXIST, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOENT),
        *(errno.ENOSPC, errno.ENOTDIR, errno.EPERM, errno.EROFS),
    }
)
"""System errors with a cause outside redisched, such as missing rights or a full disk; the exit code is 2."""
_FOR_THE_CALLER = (InvalidInput, AppNotFound, BrokerMisconfigured, NoServer, NoServerBinary, ServerStartFailed)


class Failed(click.ClickException):
    """An error of redisched, printed as one line; the exit code is 1."""

    exit_code = 1


class Refused(Failed):
    """An error that the user has to correct in the command or the environment, as one line; the exit code is 2."""

    exit_code = 2


class Root(LazyGroup):
    """The group of all commands. If a command raises an error of redisched, prints one line and no traceback."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[:1] == ["worker"] and args[1:2] and args[1] in WORDS_ABOUT_WORKERS:
            # No application has such a name: MODULE:APP has a colon, and a module has its own words after it.
            args = ["workers", *args[1:]]
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        # It prints --help and --version, which may fail as what commands print.
        with _surroundings():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _surroundings():
                return super().invoke(ctx)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            # The message quotes words it could not parse, and one of them may be a URL with a password.
            raise click.UsageError(without_urls(error.format_message()) + _about_dashes(error), error.ctx) from None
        except RedischedError as error:
            line = " | ".join(printable(line) for line in str(error).splitlines())
            raise (Refused if _is_for_the_caller(error) else Failed)(line) from error
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None


def _about_dashes(error: click.UsageError) -> str:
    """How an id or a name is given that was read as an option, with a space before it; "" if none was."""
    if not isinstance(error, click.NoSuchOption) or error.possibilities or error.ctx is None:
        return ""
    if not any(isinstance(one, click.Argument) for one in error.ctx.command.params):
        return ""
    return f" An id or a name that begins with '-' is written after '--': {error.ctx.command_path} -- -id"


@contextmanager
def _surroundings() -> Iterator[None]:
    """Raises Refused for an error of the system that has its cause outside redisched."""
    try:
        yield
    except OSError as error:
        if error.errno not in _SURROUNDINGS:
            raise
        raise Refused(printable(str(error))) from error


def _is_for_the_caller(error: RedischedError) -> bool:
    """Whether the user has to change the command or the environment before the command can succeed."""
    if isinstance(error, BrokerRefused):
        return not isinstance(error, WrongKeyType)
    return isinstance(error, _FOR_THE_CALLER)


@click.group(
    cls=Root,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Commands use the Redis of --url, or else of REDISCHED_URL, or else the project's embedded server. "
    "Exit codes: 0 success, 1 not found or failed, 2 wrong usage or configuration, 130 ended by Ctrl-C.",
)
@click.version_option(package_name="redisched", message="%(prog)s %(version)s")
def cli() -> None:
    """A Redis-backed distributed priority scheduler."""


def main() -> None:
    """Run the command that the arguments of this process name."""
    _open_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        # If the encoding of a stream lacks a character, print its backslash escape rather than fail.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    cli(prog_name="redisched")


def _open_standard_streams() -> None:
    """Open closed standard streams on the null device. Else the next opened file would get their descriptor."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    # Python has None in place of a stream that was closed when it started.
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, closefd=False)
