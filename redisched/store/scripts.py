"""Loads the Lua files of the state machine, and gives each the names that its header declares.

A wheel carries them as `redisched/_lua`; in a checkout they stand in `scripts/` beside the package.

A header declares keys, arguments and rows, one name each:

    -- KEYS waiting tasks     the keys it uses: local WAITING and TASKS; those of its includes come in addition
    -- ARG worker  text       one argument of the call: local worker, a number if it is an `int`
    -- ROW id      text       one column of the tasks of the call: `for row, id, ... in rows() do`

A script that calls `check_keys()` asks whether all its keys are of the type they should be, before it writes.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from pathlib import Path

from redisched.keys import TYPES

FORMAT = 2
"""The highest format of a shard's data that these scripts understand; a shard without a number has format 1."""

_PACKAGE = Path(__file__).resolve().parent.parent
_FOLDERS = (_PACKAGE / "_lua", _PACKAGE.parent / "scripts")
_SIZE_OF = {"hash": "HLEN", "list": "LLEN", "string": "GET", "zset": "ZCARD"}
_INCLUDE = re.compile(r"^-- include: (\w+)\n", re.MULTILINE)
_KEYS = re.compile(r"^-- KEYS((?: [a-z]+)+)$", re.MULTILINE)
_SHARD_KEYS = re.compile(r"^-- SHARD((?: [a-z]+)+)$", re.MULTILINE)
_ARGUMENT = re.compile(r"^-- ARG (\w+) +(\w+)", re.MULTILINE)
_COLUMN = re.compile(r"^-- ROW (\w+) +\w+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Script:
    """One script in the two dialects of servers: with its flags, and without for servers that know none.

    `keys` are names of `redisched.keys`; with `spans_shards` those of each of several shards. `arguments` come before
    the rows, which have these `columns`.
    """

    name: str
    flagged: str
    plain: str
    flagged_sha: str
    plain_sha: str
    keys: tuple[str, ...] = ()
    spans_shards: bool = False
    arguments: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@cache
def load_script(name: str) -> Script:
    """The script of a name such as `claim` or `read/queue`. Raises FileNotFoundError for any other."""
    return expand(name, _read(name), read_library())


def expand(name: str, source: str, library: dict[str, str]) -> Script:
    """A script as servers get it: its names first, and in place of each include what the library has under that name.

    An include may include others; each comes once. Raises KeyError for one that the library does not have.
    """
    included: dict[str, str] = {}
    body = _with_includes(source, library, included)
    shard_keys = _SHARD_KEYS.search(source)
    if shard_keys is None:
        keys = tuple(dict.fromkeys((*_declared_keys((source, *included.values())), "format")))
        preamble = [_key_names(keys), _refusal()]
    else:
        keys = tuple(shard_keys[1].split())
        preamble = [_distances(keys)]
    arguments, columns = _ARGUMENT.findall(source), tuple(_COLUMN.findall(source))
    preamble += [_argument_names(arguments), _rows(len(arguments), columns)]
    if "check_keys(" in body:
        preamble.append(_key_check(keys))
    flags, rest = _split_flags(body)
    plain = "".join(preamble) + rest
    flagged = flags + plain
    return Script(
        name=name,
        flagged=flagged,
        plain=plain,
        flagged_sha=_sha(flagged),
        plain_sha=_sha(plain),
        keys=keys,
        spans_shards=shard_keys is not None,
        arguments=tuple(argument for argument, _kind in arguments),
        columns=columns,
    )


@cache
def load_scripts() -> None:
    """Read every script now. A process that has run out of descriptors later can still call each of them."""
    for name in script_names():
        load_script(name)


def script_names() -> tuple[str, ...]:
    """The name of every script, sorted."""
    folder = _folder()
    files = (path.relative_to(folder).with_suffix("") for path in folder.rglob("*.lua"))
    return tuple(sorted(file.as_posix() for file in files if file.parts[0] != "lib"))


@cache
def read_library() -> dict[str, str]:
    """What scripts may include: the text of every file below `lib`, by its name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in (_folder() / "lib").glob("*.lua")}


def _with_includes(source: str, library: dict[str, str], included: dict[str, str]) -> str:
    def text_of(found: re.Match[str]) -> str:
        name = found[1]
        if name in included:
            return ""
        included[name] = library[name]
        return _with_includes(library[name], library, included)

    return _INCLUDE.sub(text_of, source)


def _declared_keys(sources: Sequence[str]) -> Iterator[str]:
    for source in sources:
        for names in _KEYS.findall(source):
            yield from names.split()


def _key_names(keys: Sequence[str]) -> str:
    places = ", ".join(f"KEYS[{index}]" for index in range(1, len(keys) + 1))
    return f"local {', '.join(key.upper() for key in keys)} = {places}\n"


def _distances(keys: Sequence[str]) -> str:
    """Of each shard the keys come in this order: the distance of each from the first."""
    return f"local {', '.join(key.upper() for key in keys)} = {', '.join(map(str, range(len(keys))))}\n"


def _refusal() -> str:
    """Whoever does not understand what is stored must not touch it."""
    return (
        "local format = redis.call('GET', FORMAT)\n"
        f"if format and (tonumber(format) or 0) > {FORMAT} then return {{'NEWER ' .. format}} end\n"
    )


def _argument_names(arguments: Sequence[tuple[str, str]]) -> str:
    if not arguments:
        return ""
    names = ", ".join(name for name, _kind in arguments)
    values = (f"ARGV[{index}]" for index in range(1, len(arguments) + 1))
    typed = (
        f"tonumber({value})" if kind == "int" else value for value, (_name, kind) in zip(values, arguments, strict=True)
    )
    return f"local {names} = {', '.join(typed)}\n"


def _rows(arguments: int, columns: Sequence[str]) -> str:
    """The tasks of a call, one after the other: their number, from 1 on, and the columns of each as text."""
    if not columns:
        return ""
    width = len(columns)
    values = ", ".join(f"ARGV[at + {column}]" for column in range(1, width + 1))
    return (
        "local function next_row(_, row)\n"
        f"  local at = {arguments} + row * {width}\n"
        f"  if ARGV[at + 1] then return row + 1, {values} end\n"
        "end\n"
        "local function rows() return next_row, nil, 0 end\n"
        f"local row_count = (#ARGV - {arguments}) / {width}\n"
    )


def _key_check(keys: Sequence[str]) -> str:
    """A key of another type than it should be fails the command that meets it, and nothing before is undone. Asked for
    their sizes before anything is written, keys fail in time.
    """
    asked = "".join(f"  redis.call('{_SIZE_OF[TYPES[key]]}', {key.upper()})\n" for key in keys if key != "format")
    return f"local function check_keys()\n{asked}end\n"


def _split_flags(source: str) -> tuple[str, str]:
    flags, line_end, rest = source.partition("\n")
    return (flags + line_end, rest) if flags.startswith("#!") else ("", source)


def _read(name: str) -> str:
    return (_folder() / f"{name}.lua").read_text(encoding="utf-8")


def _folder() -> Path:
    for folder in _FOLDERS:
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"the Lua scripts are neither in {_FOLDERS[0]} nor in {_FOLDERS[1]}; reinstall redisched")


def _sha(source: str) -> str:
    return sha1(source.encode(), usedforsecurity=False).hexdigest()
