"""Modules that are imported at their first use, so that a program starts faster.

A module that is imported this way has to be named twice, because type checkers do not understand the second line:

    if TYPE_CHECKING:
        import asyncio
    else:
        asyncio = LazyModule("asyncio")
"""

from importlib import import_module


class LazyModule:
    """Has the attributes of a module, and imports it when the first of them is used. Each is looked up in the module
    once, and then found as quickly as any attribute.

    Safe to share between threads: the import system lets one thread load the module, and the others wait.
    """

    def __init__(self, name: str) -> None:
        self.__name = name

    def __getattr__(self, name: str) -> object:
        found = getattr(import_module(self.__name), name)
        setattr(self, name, found)
        return found
