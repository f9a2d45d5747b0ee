"""`redisched config show`: the settings in effect, and where each comes from."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

import click
from click.core import ParameterSource

from redisched.cli.commands.worker import worker
from redisched.cli.cpus import usable_cpus
from redisched.cli.deployment import APP_VARIABLE, settings_from
from redisched.cli.fleet_size import fit_to_cpus
from redisched.cli.machine import print_json
from redisched.cli.parameters import json_option, prefix_of_command, url_option
from redisched.cli.tables import print_table
from redisched.config import (
    EMBEDDED_VARIABLE,
    PREFIX_VARIABLE,
    URL_VARIABLE,
    Settings,
    may_embed,
    prefix_from,
    url_from,
)
from redisched.keys import PREFIX
from redisched.url import parse_address

HIDDEN = "(hidden)"
_OF_CONNECTION = ("url", "prefix")
"""Options of a worker that are shown with the connection."""
_NO_APPLICATION = "MODULE:APP"


class Origin(StrEnum):
    """Where a setting comes from."""

    OPTION = "option"
    """From the command line."""
    ENVIRONMENT = "environment"
    """From an environment variable."""
    URL = "url"
    """From the URL."""
    DEFAULT = "default"
    """From redisched."""


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """A setting with its value. `variable` is the environment variable that can set it, "" if there is none."""

    setting: str
    value: object
    origin: Origin
    variable: str = ""


@click.group()
def config() -> None:
    """Show the settings in effect, and where each comes from."""


@config.command("show")
@url_option
@json_option
def show_config(url: str | None, as_json: bool) -> None:
    """Show the settings in effect here, and where each comes from.

    That is an option, an environment variable, the URL or a default; a Scheduler may have others in its code. Users,
    passwords and the names of key files are hidden. Redis is not asked.

    JSON: a list of setting, value, origin (option, environment, url or default) and variable (the environment variable
    that sets it, "" if there is none).
    """
    found = [*_of_connection(url), *_of_scheduler(), *_of_worker()]
    if as_json:
        print_json([asdict(one) for one in found])
        return
    rows = [(one.setting, _text(one.value), _origin(one)) for one in found]
    print_table(("SETTING", "VALUE", "FROM"), rows)


def _of_connection(url: str | None) -> Iterator[EffectiveSetting]:
    named = url if url is not None else url_from(os.environ)
    origin = Origin.OPTION if url is not None else Origin.ENVIRONMENT
    if named is None:
        may = may_embed(os.environ)
        yield EffectiveSetting("url", "the embedded server" if may else "none", Origin.DEFAULT, URL_VARIABLE)
    else:
        yield EffectiveSetting("url", str(parse_address(named)), origin, URL_VARIABLE)
        yield from _of_url(named)
    set_here = bool(os.environ.get(EMBEDDED_VARIABLE, "").strip())
    embedded_origin = Origin.ENVIRONMENT if set_here else Origin.DEFAULT
    yield EffectiveSetting("embedded", may_embed(os.environ), embedded_origin, EMBEDDED_VARIABLE)
    yield _prefix()


def _of_url(url: str) -> Iterator[EffectiveSetting]:
    """What a URL says beside the address. What may be secret is hidden."""
    address = parse_address(url)
    for who, credentials in (("", address.credentials), ("sentinel_", address.sentinel_credentials)):
        if credentials.username:
            yield EffectiveSetting(f"url.{who}username", HIDDEN, Origin.URL)
        if credentials.password:
            yield EffectiveSetting(f"url.{who}password", HIDDEN, Origin.URL)
    yield EffectiveSetting("url.database", address.database, Origin.URL)
    yield EffectiveSetting("url.keepalive", address.keepalive, Origin.URL)
    if address.program:
        yield EffectiveSetting("url.client_name", address.program, Origin.URL)
    if address.encryption is not None:
        for field in fields(address.encryption):
            value = getattr(address.encryption, field.name)
            if value is not None:
                yield EffectiveSetting(f"url.ssl_{field.name}", value if field.repr else HIDDEN, Origin.URL)


def _prefix() -> EffectiveSetting:
    given, variable = prefix_of_command(), prefix_from(os.environ)
    if given is not None:
        return EffectiveSetting("prefix", given, Origin.OPTION, PREFIX_VARIABLE)
    if variable is not None:
        return EffectiveSetting("prefix", variable, Origin.ENVIRONMENT, PREFIX_VARIABLE)
    return EffectiveSetting("prefix", PREFIX, Origin.DEFAULT, PREFIX_VARIABLE)


def _of_scheduler() -> Iterator[EffectiveSetting]:
    """The defaults of the settings that only code can change."""
    usual = Settings()
    for field in fields(usual):
        if field.name not in ("url", "prefix"):
            yield EffectiveSetting(field.name, getattr(usual, field.name), Origin.DEFAULT)


def _of_worker() -> Iterator[EffectiveSetting]:
    """What a worker takes. Raises BadParameter if a variable has a value that cannot be."""
    # An error tells how to get help about the options of the worker. Without an application it would not start.
    words = [] if os.environ.get(APP_VARIABLE) else [_NO_APPLICATION]
    context = worker.make_context("redisched worker", words)
    settings_from(context, fit_to_cpus(context.params, usable_cpus)[0])
    for parameter in worker.params:
        assert parameter.name is not None
        if parameter.name in _OF_CONNECTION:
            continue
        is_set = context.get_parameter_source(parameter.name) is ParameterSource.ENVIRONMENT
        origin = Origin.ENVIRONMENT if is_set else Origin.DEFAULT
        value = context.params[parameter.name]
        name = "app" if parameter.name == "target" else parameter.name
        yield EffectiveSetting(
            f"worker.{name}", None if value == _NO_APPLICATION else value, origin, str(parameter.envvar or "")
        )


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _origin(one: EffectiveSetting) -> str:
    return one.variable if one.origin is Origin.ENVIRONMENT else str(one.origin)
