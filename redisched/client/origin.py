"""How another process finds the same application, so that handlers and references can be pickled and sent there."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from redisched.config import Settings
from redisched.errors import NotPicklable
from redisched.url import parse_address

_FRAMES_UP = 2


def module_of_caller() -> str:
    """The name of the module that makes an object; call it in the `__init__` of the object."""
    return str(sys._getframe(_FRAMES_UP).f_globals.get("__name__", ""))  # noqa: SLF001 - there is no other way


def locals_of_caller(function: Callable[..., Any]) -> dict[str, Any]:
    """The variables of the function in which a handler is defined, if its annotations are texts that may name them."""
    annotations = getattr(function, "__annotations__", {})
    is_local = "<locals>" in getattr(function, "__qualname__", "")
    if not (is_local and any(isinstance(annotation, str) for annotation in annotations.values())):
        return {}
    frame = sys._getframe(1)  # noqa: SLF001 - there is no other way
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith("redisched."):
        frame = frame.f_back
    return dict(frame.f_locals)


def name_in(module: str, wanted: object) -> str:
    """The name of the module's variable that is this object; "" if there is none."""
    variables = vars(sys.modules[module]) if module in sys.modules else {}
    return next((name for name, value in list(variables.items()) if value is wanted), "")


def find(module: str, name: str) -> Any:
    """The variable of a module with this name."""
    return getattr(import_module(module), name)


def settings_to_send(settings: Settings, what: str) -> Settings:
    """The settings with which another process makes its own application.

    Raises NotPicklable if they hold a password: pickled handlers and references must not carry it.
    """
    if settings.url is not None and parse_address(settings.url).has_secrets:
        raise NotPicklable(what)
    return settings
