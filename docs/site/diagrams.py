"""Diagrams of states, which Markdown has as text for Mermaid, as tables of their edges: a page loads nothing to draw
them, and they can be read on a phone.
"""

import re
from collections.abc import Iterator
from html import escape
from typing import Any, NamedTuple

_EDGE = re.compile(r"(?P<source>\S+) --> (?P<target>\S+): (?P<verbs>.+)")
_GROUP = re.compile(r'state "(?P<name>.+)" as \w+ \{')
_NOWHERE = "[*]"


class UnknownDiagram(ValueError):
    """Raised when a diagram is none of states, or has a line that is neither an edge nor a group."""


class Edge(NamedTuple):
    """One arrow, and the group in which it stands; a group without a name is the diagram itself."""

    group: str
    source: str
    target: str
    verbs: str


def drawn(source: str, _language: str, _class_name: str, _options: Any, _md: Any, **_settings: Any) -> str:
    """The HTML of a fence of a page. Raises UnknownDiagram."""
    edges = list(edges_of(source))
    groups = dict.fromkeys(edge.group for edge in edges)
    return "".join(_table(group, [edge for edge in edges if edge.group == group]) for group in groups)


def edges_of(source: str) -> Iterator[Edge]:
    """Every arrow of a diagram, in order."""
    first, *lines = (line.strip() for line in source.strip().splitlines())
    if first != "stateDiagram-v2":
        raise UnknownDiagram(f"a diagram of states begins with stateDiagram-v2, not with {first!r}")
    group = ""
    for line in lines:
        if edge := _EDGE.fullmatch(line):
            yield Edge(group, edge["source"], edge["target"], edge["verbs"])
        elif begun := _GROUP.fullmatch(line):
            group = begun["name"]
        elif line == "}":
            group = ""
        elif line:
            raise UnknownDiagram(f"neither an edge nor a group of states: {line!r}")


def _table(group: str, edges: list[Edge]) -> str:
    caption = f"<caption>{escape(group)}</caption>" if group else ""
    rows = "".join(
        f"<tr><td>{_state(edge.source)}</td><td>{escape(edge.verbs)}</td><td>{_state(edge.target)}</td></tr>"
        for edge in edges
    )
    return f"<table>{caption}<thead><tr><th>from</th><th>by</th><th>to</th></tr></thead><tbody>{rows}</tbody></table>"


def _state(name: str) -> str:
    return "" if name == _NOWHERE else f"<code>{escape(name)}</code>"
