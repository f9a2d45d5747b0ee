"""Options that several commands share, and functions that convert typed text to values."""

import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

import click

from redisched.cli.completing import PREFIX_KEY, complete_queue
from redisched.config import check_prefix
from redisched.errors import InvalidOption
from redisched.model import Priority
from redisched.option_checks import check_queue, check_span
from redisched.url import parse_address

F = TypeVar("F", bound=Callable[..., Any])

_DURATION = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h|d)?", re.ASCII)
_BYTES = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s?([KMG]i?B?|B)?", re.ASCII | re.IGNORECASE)
_TIME_OF_DAY = re.compile("[T ]")
_POWERS = {"": 0, "K": 1, "M": 2, "G": 3}
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, None: 1.0}


def seconds(text: str) -> float:
    """Convert to seconds a duration such as 500ms, 10s, 5m, 2h or 1d; a bare number is seconds."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is not a duration such as 500ms, 10s, 5m, 2h or 1d")
    return float(found[1]) * _SECONDS[found[2]]


def check_some_time(_context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """Check that a duration is not 0, before the command starts. Raises InvalidOption, which names the option."""
    if value is not None:
        check_span(parameter.opts[0], value)
    return value


def byte_count(text: str) -> int:
    """Convert to bytes a size such as 300MB, 1.5G or 512MiB; a bare number is bytes. MB are millions, MiB are 2**20."""
    found = _BYTES.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is not a number of bytes such as 300MB, 1.5GB or 512MiB")
    unit = (found[2] or "").upper().removesuffix("B")
    base = 1024.0 if unit.endswith("I") else 1000.0
    return round(float(found[1]) * math.pow(base, _POWERS[unit.removesuffix("I")]))


def cursor(text: str) -> str:
    """Check the text of --cursor, at which a listing continues. Raises BadParameter."""
    from redisched.store.page import Place

    try:
        return str(Place.read("CURSOR", text))
    except InvalidOption as error:
        raise click.BadParameter(str(error)) from None


def moment(text: str) -> datetime | float:
    """Convert a time in ISO 8601 with its UTC offset, or in seconds since 1970. Raises BadParameter."""
    with suppress(ValueError):
        if math.isfinite(number := float(text)):
            return number
    try:
        named = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a moment such as 2030-01-31T09:00:00+01:00 or 1895997600") from None
    if named.utcoffset() is None:
        missing = "Z or +01:00" if _TIME_OF_DAY.search(text) else "T00:00Z or T09:30+01:00"
        raise click.BadParameter(f"{text!r} does not say its offset from UTC; append {missing}")
    return named


def priority(text: str) -> int:
    """Convert a number or the name of a priority. Raises BadParameter."""
    if text.upper() in Priority.__members__:
        return int(Priority[text.upper()])
    try:
        return int(text)
    except ValueError:
        names = ", ".join(member.lower() for member in Priority.__members__)
        raise click.BadParameter(f"{text!r} is neither a whole number from 0 to 255 nor one of {names}") from None


def _checked_url(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    """Check --url before the command starts. Raises InvalidOption, whose message holds no secret of the URL."""
    if text is not None:
        parse_address(text, "--url")
    return text


def queue_names(text: str) -> tuple[str, ...]:
    """Convert a list of queue names such as mail,images. Raises InvalidOption."""
    return tuple(check_queue("queues", name.strip()) for name in text.split(",")) if text else ()


def url_option(command: F) -> F:
    """Add --url and --prefix, which every command that connects to Redis has."""
    return _url_option(command, "REDISCHED_URL, or else the embedded server")


def worker_url_option(command: F) -> F:
    """As `url_option`, for a command that uses the embedded server only if it is told to."""
    return _url_option(command, "REDISCHED_URL, or else, with --embedded, the embedded server")


def _url_option(command: F, default: str) -> F:
    with_prefix = click.option(
        "--prefix",
        callback=_checked_prefix,
        expose_value=False,
        metavar="PREFIX",
        help="Every key begins with this. Default: REDISCHED_PREFIX, or else redisched.",
    )(command)
    return click.option(
        "--url",
        callback=_checked_url,
        metavar="URL",
        help=f"redis://host:6379/0 or unix:///path. Default: {default}.",
    )(with_prefix)


def _checked_prefix(context: click.Context, _parameter: click.Parameter, text: str | None) -> None:
    if text is not None:
        context.meta[PREFIX_KEY] = check_prefix("--prefix", text)


def use_prefix(prefix: str) -> None:
    """Use a prefix for the rest of this command, unless --prefix was given."""
    click.get_current_context().meta.setdefault(PREFIX_KEY, prefix)


def prefix_of_command() -> str | None:
    """Return the prefix from --prefix or `use_prefix`; None if neither was given."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.meta.get(PREFIX_KEY)


def with_all(options: Sequence[Callable[[F], F]], command: F) -> F:
    """Add several options to a command; its help lists them in this order."""
    for add in reversed(options):
        command = add(command)
    return command


def json_option(command: F) -> F:
    """Add --json. The help of each command describes the keys of its JSON."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def queue_option(command: F) -> F:
    """Add --queue, which limits a command to one queue."""
    return click.option(
        "--queue", metavar="NAME", shell_complete=complete_queue, help="Look only in this queue. Default: all queues."
    )(command)


def cursor_option(command: F) -> F:
    """Add --cursor, which continues a listing; --after is the same."""
    return click.option(
        "--cursor",
        "--after",
        "cursor",
        type=cursor,
        metavar="CURSOR",
        help="Continue a listing: the CURSOR that the last line of the previous page names.",
    )(command)


def limit_option(command: F) -> F:
    """Add --limit, the largest number of tasks that a listing prints."""
    return click.option(
        "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Print at most this number of tasks."
    )(command)
