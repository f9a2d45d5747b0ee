"""Modules that are loaded when they are first used: a program does not pay at its start for what its calls may need.

A module that imports another one this way names it twice, as type checkers know nothing of the second:

    if TYPE_CHECKING:
        import asyncio
    else:
        asyncio = LazyModule("asyncio")
"""

from importlib import import_module
from types import ModuleType


class LazyModule:
    """Has the attributes of a module, which the first use of one of them imports.

    Threads may share it: the import system lets one of them load the module, and the others wait.
    """

    __slots__ = ("_module", "_name")

    def __init__(self, name: str) -> None:
        self._name = name
        self._module: ModuleType | None = None

    def __getattr__(self, name: str) -> object:
        if self._module is None:
            self._module = import_module(self._name)
        return getattr(self._module, name)
