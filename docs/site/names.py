"""Which Python names the pages of the reference have, where a page has all names of a module."""

import re
from importlib import import_module

import redisched.errors

_BEFORE_A_NAME = "│├└─ "
_OWN_MEMBERS = "    options:\n      inherited_members: false"


def names_of(module: str) -> str:
    """A block of the reference for each name that a module exports."""
    return "\n\n".join(f"::: {module}.{name}" for name in sorted(import_module(module).__all__, key=_by_kind))


def errors() -> str:
    """The tree of errors as its module draws it, and a block of the reference for each, in the order of the tree."""
    tree = (redisched.errors.__doc__ or "").partition("\n\n")[2].strip()
    blocks = (f"::: redisched.errors.{name}\n{_OWN_MEMBERS}" for name in error_names())
    return "\n\n".join([f"```text\n{tree}\n```", *blocks])


def error_names() -> list[str]:
    """The errors that the tree has, in its order."""
    lines = (redisched.errors.__doc__ or "").splitlines()
    return [name[0] for line in lines[1:] if (name := re.match(r"\w+", line.lstrip(_BEFORE_A_NAME)))]


def _by_kind(name: str) -> tuple[bool, str]:
    """Classes after functions, as they are longer."""
    return name[0].isupper(), name
