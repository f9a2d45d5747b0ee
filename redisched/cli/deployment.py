"""The options of the worker command. Each can also be set by an environment variable, REDISCHED_ and its name."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from redisched.cli.fleet_size import count_or_auto
from redisched.cli.parameters import F, byte_count, queue_names, seconds, with_all
from redisched.config import LOG_LEVELS, Eviction, LogFormat, Until, WorkerSettings
from redisched.errors import InvalidInput

APP_VARIABLE = "REDISCHED_APP"
HEALTH_FILE_VARIABLE = "REDISCHED_HEALTH_FILE"
DEFAULT_HEALTH_FILE = "/tmp/redisched-worker-health"
_DEFAULTS = WorkerSettings()


def option(*flags: str, **attributes: Any) -> Callable[[F], F]:
    """Declare an option of a worker. If the command line lacks it, its environment variable is used."""
    long = next(flag for flag in flags if flag.startswith("--"))
    variable = "REDISCHED_" + long.removeprefix("--").replace("-", "_").upper()
    return click.option(*flags, envvar=variable, show_envvar=True, **attributes)


def _duration(flag: str, setting: str, meaning: str) -> Callable[[F], F]:
    """Declare an option for a setting in seconds; its default is that of WorkerSettings."""
    default = f"{getattr(_DEFAULTS, setting):g}s"
    return option(flag, setting, type=seconds, metavar="DURATION", default=default, show_default=True, help=meaning)


def _named(_context: click.Context, _parameter: click.Parameter, target: str | None) -> str:
    if not target:
        raise click.UsageError(f"name the application: give MODULE:APP, or set {APP_VARIABLE}")
    if "://" in target:
        raise click.UsageError("name the application as MODULE:APP; a URL goes to --url or REDISCHED_URL")
    return target


app_argument = click.argument("target", metavar="MODULE:APP", envvar=APP_VARIABLE, required=False, callback=_named)

import_option = option(
    "--import",
    "imports",
    metavar="MODULE",
    multiple=True,
    callback=lambda _context, _parameter, given: tuple(name for one in given for name in one.replace(",", " ").split()),
    help="Also import this module, because it has handlers. For several: A,B, or repeat the option.",
)

_LOG_OPTIONS = (
    option(
        "--log-level",
        type=click.Choice(LOG_LEVELS, case_sensitive=False),
        help="Log records of this level and above. Default: INFO.",
    ),
    option(
        "--log-format",
        type=click.Choice(list(LogFormat), case_sensitive=False),
        help="Log lines of text, or one JSON object per line. Default: text.",
    ),
    option("--log-tasks", is_flag=True, help="Log the start and end of every task at INFO instead of DEBUG."),
)

_SETTINGS = (
    option(
        "-c",
        "--concurrency",
        type=count_or_auto,
        metavar="NUMBER|auto",
        default=_DEFAULTS.concurrency,
        show_default=True,
        help="How many tasks a process runs at the same time; auto: as many in all processes together as CPUs may be"
        " used by affinity and by the quotas of cgroups.",
    ),
    option(
        "--processes",
        type=count_or_auto,
        metavar="NUMBER|auto",
        default=_DEFAULTS.processes,
        show_default=True,
        help="Number of worker processes; auto: as many as CPUs may be used.",
    ),
    option(
        "--queues",
        type=queue_names,
        metavar="A,B",
        default="",
        help="Serve these queues. Default: all queues of its handlers.",
    ),
    import_option,
    _duration("--lease", "lease_s", "If a worker is lost, other workers start its tasks after this time."),
    option(
        "--window-ms",
        default=_DEFAULTS.window_ms,
        show_default=True,
        help="Claim tasks this long before they are due, in milliseconds; 0 keeps the exact order.",
    ),
    _duration("--grace", "grace_s", "When the worker stops, wait this long for running tasks to end."),
    _duration(
        "--stuck-after",
        "stuck_after_s",
        "Replace a process if a handler still runs this long after its timeout or cancellation.",
    ),
    option(
        "--max-tasks-per-child",
        type=click.IntRange(min=1),
        help="Replace a worker process, or a process of isolated handlers, after this number of tasks.",
    ),
    option(
        "--max-rss",
        "max_rss_bytes",
        type=byte_count,
        metavar="BYTES",
        help="Replace a worker process, or a process of isolated handlers, when it has more resident memory than this,"
        " such as 300MB.",
    ),
    option(
        "--app-version", metavar="TEXT", help="The version of the application, such as the commit it is built from."
    ),
    option("--burst", is_flag=True, help="Stop when no task is due and none is running."),
    option("--allow-eviction", is_flag=True, help="Start even if Redis may evict tasks when its memory is full."),
    *_LOG_OPTIONS,
)


def log_options(command: F) -> F:
    """Add the options that say what is logged, and in which format."""
    return with_all(_LOG_OPTIONS, command)


def log_words(log_level: str | None, log_format: LogFormat | None, log_tasks: bool) -> list[str]:
    """Return these options as command-line words, to pass them to another process."""
    words = []
    if log_level is not None:
        words += ["--log-level", log_level]
    if log_format is not None:
        words += ["--log-format", log_format]
    return [*words, "--log-tasks"] if log_tasks else words


def health_file_option(**attributes: Any) -> Callable[[F], F]:
    """Declare --health-file, for the worker, which writes the file, and for commands that read it."""
    return option("--health-file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", **attributes)


_METRICS_OPTIONS = (
    option(
        "--metrics-port",
        type=click.IntRange(1, 65_535),
        metavar="PORT",
        help="Serve metrics for Prometheus at /metrics: the first process on this port, the next on the next port, and"
        " so on.",
    ),
    option(
        "--metrics-host",
        default="127.0.0.1",
        show_default=True,
        metavar="ADDRESS",
        help="Serve metrics on this address; 0.0.0.0 is all addresses of this machine.",
    ),
)


def metrics_options(command: F) -> F:
    """Add the options that say where a worker serves its metrics."""
    return with_all(_METRICS_OPTIONS, command)


def settings_options(command: F) -> F:
    """Add the options of a worker; most are passed under the name of the setting in WorkerSettings."""
    return with_all(_SETTINGS, command)


def settings_from(context: click.Context, given: Mapping[str, Any]) -> WorkerSettings:
    """Return the settings of a worker. Raises BadParameter, which names the option and its environment variable."""
    known = {field.name for field in fields(WorkerSettings)}
    values = {name: value for name, value in given.items() if name in known}
    try:
        return WorkerSettings(
            until=Until.EMPTY if given["burst"] else Until.STOPPED,
            eviction=Eviction.ALLOW if given["allow_eviction"] else Eviction.REFUSE,
            **values,
        )
    except InvalidInput as error:
        (parameter,) = [one for one in context.command.params if one.name == error.argument]
        raise click.BadParameter(str(error), context, parameter) from error
