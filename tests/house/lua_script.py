"""A Lua script as text: its header, its includes and its tokens."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from redisched.store.scripts import expand

_TOKEN = re.compile(
    r"""
      (?P<comment>--\[(?P<level>=*)\[.*?\](?P=level)\]|--[^\n]*)
    | (?P<string>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")
    | (?P<name>[A-Za-z_]\w*)
    | (?P<number>0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<symbol>\.\.\.?|[=~<>]=|[^\s\w])
    """,
    re.VERBOSE | re.DOTALL,
)
_INCLUDE = re.compile(r"^ *-- include: (\w+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Token:
    """One word of Lua; a string's text is without its quotes."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function: its dotted name and its arguments."""

    function: str
    arguments: tuple[Token, ...]


@dataclass(frozen=True, kw_only=True)
class LuaScript:
    """A script and the library it may include; `name` is its path below `scripts/` without the suffix."""

    name: str
    source: str
    library: Mapping[str, str]

    @property
    def reads_only(self) -> bool:
        """Whether it is one of the scripts that only read."""
        return self.name.startswith("read/")

    @cached_property
    def shebang(self) -> str | None:
        first = self.source.partition("\n")[0]
        return first if first.startswith("#!") else None

    @cached_property
    def header(self) -> list[str]:
        """The comment lines at the top, without their dashes."""
        return header_lines(blank_shebang(self.source).splitlines()[self.shebang is not None :])

    @cached_property
    def includes(self) -> list[str]:
        """The names that it includes directly, in order."""
        return includes_of(self.source)

    @cached_property
    def included(self) -> list[str]:
        """The names that it includes, directly or through others."""
        names = list(dict.fromkeys(self.includes))
        for name in names:
            names += [inner for inner in includes_of(self.library.get(name, "")) if inner not in names]
        return names

    @cached_property
    def expanded(self) -> str:
        """The script as a server gets it: the names of its header first, each include replaced by its text."""
        library = {name: self.library.get(name, "") for name in self.included}
        return expand(self.name, blank_shebang(self.source), library).plain

    @cached_property
    def tokens(self) -> list[Token]:
        """The words of the script itself."""
        return tokens_of(blank_shebang(self.source))

    @cached_property
    def expanded_tokens(self) -> list[Token]:
        """The words of the script and of what it includes."""
        return tokens_of(self.expanded)


def read_scripts(folder: Path) -> Iterator[LuaScript]:
    """Every script below `folder`, each with the library, whose files are not scripts."""
    library = {path.stem: path.read_text() for path in (folder / "lib").glob("*.lua")}
    for path in [*sorted(folder.glob("*.lua")), *sorted(folder.glob("read/*.lua"))]:
        name = path.relative_to(folder).with_suffix("").as_posix()
        yield LuaScript(name=name, source=path.read_text(), library=library)


def header_lines(lines: list[str]) -> list[str]:
    """The leading comment lines, without their dashes."""
    end = next((number for number, line in enumerate(lines) if not line.startswith("--")), len(lines))
    return [line.removeprefix("--").removeprefix(" ") for line in lines[:end]]


def includes_of(source: str) -> list[str]:
    """The names that a file includes, in order."""
    return _INCLUDE.findall(source)


def blank_shebang(source: str) -> str:
    """The source with its first line made a comment if it is a shebang, which only a server understands."""
    return re.sub(r"\A#![^\n]*", "--", source)


def tokens_of(source: str) -> list[Token]:
    """The words of some Lua, comments left out."""
    tokens = []
    for found in _TOKEN.finditer(source):
        kind = found.lastgroup
        assert kind is not None
        if kind != "comment":
            tokens.append(Token(kind, found[0][1:-1] if kind == "string" else found[0]))
    return tokens


def calls_in(tokens: list[Token]) -> Iterator[Call]:
    """Every call of a named function, with the words between its parentheses."""
    texts = [token.text for token in tokens]
    for at, token in enumerate(tokens):
        if token.kind == "symbol" and token.text == "(" and at and tokens[at - 1].kind == "name":
            start = at - 1
            while start >= 2 and texts[start - 1] == "." and tokens[start - 2].kind == "name":
                start -= 2
            if texts[start - 1 : start] != ["function"] and texts[at - 1] not in _KEYWORDS_BEFORE_A_PARENTHESIS:
                yield Call("".join(texts[start:at]), tuple(tokens[at + 1 : _closing(tokens, at)]))


_KEYWORDS_BEFORE_A_PARENTHESIS = frozenset(
    {"and", "elseif", "function", "if", "in", "not", "or", "return", "until", "while"}
)


def _closing(tokens: list[Token], opening: int) -> int:
    depth = 0
    for at in range(opening, len(tokens)):
        if tokens[at].kind == "symbol":
            depth += {"(": 1, ")": -1}.get(tokens[at].text, 0)
            if depth == 0:
                return at
    return len(tokens)
