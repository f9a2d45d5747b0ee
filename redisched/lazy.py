"""Modules that are imported at their first use, so that a program starts faster.

A module that is imported this way has to be named twice, because type checkers do not understand the second line:

    if TYPE_CHECKING:
        import asyncio
    else:
        asyncio = LazyModule("asyncio")
"""

from importlib import import_module
from types import ModuleType


class LazyModule:
    """Has the attributes of a module, and imports it when the first of them is used.

    Safe to share between threads: the import system lets one thread load the module, and the others wait.
    """

    __slots__ = ("_module", "_name")

    def __init__(self, name: str) -> None:
        self._name = name
        self._module: ModuleType | None = None

    def __getattr__(self, name: str) -> object:
        if self._module is None:
            self._module = import_module(self._name)
        return getattr(self._module, name)
