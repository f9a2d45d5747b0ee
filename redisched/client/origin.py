"""Where an application is found in another process, so that its handlers and references can be sent there."""

import sys
from importlib import import_module
from typing import Any

from redisched.config import Settings
from redisched.errors import NotPicklable
from redisched.url import parse_address

_FRAMES_UP = 2


def module_of_caller() -> str:
    """The module that makes the object whose `__init__` asks."""
    return str(sys._getframe(_FRAMES_UP).f_globals.get("__name__", ""))  # noqa: SLF001 - there is no other way


def name_in(module: str, wanted: object) -> str:
    """Under which name a module holds an object, '' if it does not."""
    variables = vars(sys.modules[module]) if module in sys.modules else {}
    return next((name for name, value in list(variables.items()) if value is wanted), "")


def find(module: str, name: str) -> Any:
    """The object that a module holds under a name."""
    return getattr(import_module(module), name)


def settings_to_send(settings: Settings, what: str) -> Settings:
    """Settings by which another process makes an application of its own.

    Raises NotPicklable where they hold a password: it would travel with everything that is sent.
    """
    if settings.url is not None and parse_address(settings.url).has_secrets:
        raise NotPicklable(what)
    return settings
