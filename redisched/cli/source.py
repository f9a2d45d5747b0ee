"""Where the code of an application is, found without importing any of it."""

import sys
from importlib.machinery import PathFinder
from pathlib import Path

from redisched.engine.target import split_target
from redisched.errors import AppNotFound


def folder_of(target: str) -> Path:
    """The folder that holds the code of MODULE:APP: that of its package, or the one its single file is in.

    Nothing is imported, as the code may be broken. Raises AppNotFound.
    """
    module, _ = split_target(target)
    return folder_of_module(module, target)


def folder_of_module(module: str, target: str) -> Path:
    """As `folder_of`, of a module that belongs to MODULE:APP."""
    top = module.partition(".")[0]
    spec = PathFinder.find_spec(top, [str(Path.cwd()), *sys.path])
    if spec is None:
        raise AppNotFound(target, f"there is no module {top!r} here or among the installed packages")
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    if spec.origin is None:
        raise AppNotFound(target, f"module {top!r} is in no file")
    return Path(spec.origin).parent
