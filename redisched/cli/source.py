"""Finds the folder with the code of an application without importing it."""

import sys
from importlib.machinery import PathFinder
from pathlib import Path

from redisched.engine.target import split_target
from redisched.errors import AppNotFound


def folder_of(target: str) -> Path:
    """Return the folder with the code of MODULE:APP: that of its top-level package, or the folder of its single file.

    Nothing is imported, as the code may be broken. Raises AppNotFound.
    """
    module, _ = split_target(target)
    return folder_of_module(module, target)


def folder_of_module(module: str, target: str) -> Path:
    """As `folder_of`, for another module; errors name MODULE:APP in `target`. Raises AppNotFound."""
    top = module.partition(".")[0]
    spec = PathFinder.find_spec(top, [str(Path.cwd()), *sys.path])
    if spec is None:
        raise AppNotFound(target, f"there is no module {top!r} here or among the installed packages")
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    if spec.origin is None:
        raise AppNotFound(target, f"module {top!r} is in no file")
    return Path(spec.origin).parent
