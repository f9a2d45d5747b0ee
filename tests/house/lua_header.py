"""The header of a Lua script: the contract that its first lines declare."""

import re
from dataclasses import dataclass, field

_STATES = r"[A-Z]+(?:\|[A-Z]+)*"
_EDGE = re.compile(rf"({_STATES}) -> ({_STATES})  \S.*")
_READ = re.compile(r"READ  \S.*")
_KEYS = re.compile(r"(KEYS|SHARD)((?: [a-z]+)+)")
_NAME = re.compile(r"(ARG|ROW) ([a-z]\w*) +(?:bytes|int|text)  +\S.*")
_RETURNS = re.compile(r"Returns (?:\{'([A-Z_]+)'.*\}|\{.*\}|\S+).*")
_COST = re.compile(r"Cost O\(.+\).*")
_WORD = re.compile(r"\b[A-Z_]{4,}\b")


@dataclass(kw_only=True)
class Header:
    """The declarations of a script. Names are in the order of their lines."""

    is_edge: bool = False
    is_read: bool = False
    keys: list[str] = field(default_factory=list)
    shard_keys: list[str] = field(default_factory=list)
    """The keys that are repeated for each shard."""
    arguments: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    """The arguments that are repeated for each task."""
    returns: int = 0
    statuses: set[str] = field(default_factory=set)
    """The statuses with which a reply may begin."""
    words: set[str] = field(default_factory=set)
    """Every upper-case word of the replies: statuses, and those within a reply."""
    costs: int = 0
    malformed: list[str] = field(default_factory=list)
    """Lines that begin like a declaration but are not valid."""


def read_header(lines: list[str]) -> Header:
    """Read the comment lines at the top of a script, or of a file that scripts include."""
    header = Header()
    if lines:
        header.is_edge = _EDGE.fullmatch(lines[0]) is not None
        header.is_read = _READ.fullmatch(lines[0]) is not None
    for line in lines[header.is_edge or header.is_read :]:
        _read_line(header, line)
    return header


def _read_line(header: Header, line: str) -> None:
    if keys := _KEYS.fullmatch(line):
        (header.keys if keys[1] == "KEYS" else header.shard_keys).extend(keys[2].split())
    elif name := _NAME.fullmatch(line):
        (header.arguments if name[1] == "ARG" else header.columns).append(name[2])
    elif returns := _RETURNS.fullmatch(line):
        header.returns += 1
        header.statuses.update(filter(None, [returns[1]]))
        header.words.update(_WORD.findall(line))
    elif _COST.fullmatch(line):
        header.costs += 1
    elif line.startswith(("KEYS", "SHARD", "ARG", "ROW", "Return", "Cost")):
        header.malformed.append(line)
