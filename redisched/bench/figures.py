"""The figures of one round, by their published names, and functions to find a figure by its path."""

from collections.abc import Iterator
from typing import TypeAlias

Figures: TypeAlias = dict[str, float | dict[str, float]]
"""Figures by name; a value may also be a group of figures. The path of a figure in a group is `name.inner`."""


def paths_of(figures: Figures) -> Iterator[str]:
    """The path of each figure."""
    for name, found in figures.items():
        if isinstance(found, dict):
            yield from (f"{name}.{inner}" for inner in found)
        else:
            yield name


def find(path: str, figures: Figures) -> float | None:
    """The figure of a path, None if there is none."""
    name, _, inner = path.partition(".")
    found = figures.get(name)
    if isinstance(found, dict):
        return found.get(inner)
    return None if inner else found


def put(path: str, value: float, figures: Figures) -> None:
    """Store a figure at a path."""
    name, _, inner = path.partition(".")
    if inner:
        belonging = figures.setdefault(name, {})
        if isinstance(belonging, dict):
            belonging[inner] = value
    else:
        figures[name] = value
