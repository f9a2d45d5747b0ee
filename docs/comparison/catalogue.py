"""Reads who is compared, and what each has. What cannot be a table is refused."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


class Answer(StrEnum):
    """Whether a peer has a feature."""

    YES = "yes"
    NO = "no"
    SETTING = "setting"
    """It is there, but only if it is configured."""
    PARTLY = "partly"
    """The note says what is missing."""
    ADD_ON = "add-on"
    """By a package of others."""
    UNKNOWN = "?"
    """It could not be verified."""


PLAIN = frozenset({Answer.YES, Answer.NO})
"""The answers that need no note."""


class CannotCompare(ValueError):
    """Raised when the data is no table: a cell is missing, or says nothing that is known."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a peer has of a feature; the note is empty if there is nothing to add."""

    answer: Answer
    note: str = ""


@dataclass(frozen=True, slots=True)
class Feature:
    """A row: the cells are by the names of the peers."""

    name: str
    cells: Mapping[str, Cell]
    is_short: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A table."""

    title: str
    features: tuple[Feature, ...]


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is compared, and which version was looked at."""

    title: str
    version: str
    released: str
    licence: str
    runs_on: str
    stores: str
    languages: str


def read_peers() -> tuple[date, dict[str, Peer]]:
    """The day on which the peers were looked at, and each by its name."""
    found = tomllib.loads((FOLDER / "peers.toml").read_text(encoding="utf-8"))
    return found.pop("looked_at"), {name: Peer(**facts) for name, facts in found.items()}


def read_groups(text: str, names: tuple[str, ...]) -> tuple[Group, ...]:
    """The tables of a text in the format of features.toml, with a cell for each name. Raises CannotCompare."""
    return tuple(
        Group(group["title"], tuple(_feature(feature, names) for feature in group["feature"]))
        for group in tomllib.loads(text)["group"]
    )


def features_text() -> str:
    """The text of features.toml."""
    return (FOLDER / "features.toml").read_text(encoding="utf-8")


def _feature(found: dict[str, Any], names: tuple[str, ...]) -> Feature:
    name, is_short = found.pop("name"), found.pop("short", False)
    if tuple(found) != names:
        raise CannotCompare(f"{name!r} has {', '.join(found)}; it needs, in this order, {', '.join(names)}")
    return Feature(name, {peer: _cell(name, peer, text) for peer, text in found.items()}, is_short)


def _cell(feature: str, peer: str, text: str) -> Cell:
    word, _, note = text.partition(": ")
    if word not in set(Answer):
        raise CannotCompare(f"{feature!r} of {peer} begins with {word!r}; it may begin with {', '.join(Answer)}")
    answer = Answer(word)
    if answer not in PLAIN and not note:
        raise CannotCompare(f"{feature!r} of {peer} is {word!r}, and no note says why")
    return Cell(answer, note)
