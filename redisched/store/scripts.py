"""Loads the Lua files of the state machine, and defines in each the names that its header declares.

In a wheel the files are in `redisched/_lua`; in a checkout they are in `scripts/` beside the package.

A header declares keys, arguments and rows, one name each:

    -- KEYS waiting tasks     the keys it uses, in its body WAITING and TASKS; those of its includes come in addition
    -- ARG worker  text       one argument of the call: local worker, a number if it is an `int`
    -- ROW id      text       one column of the tasks of the call: `for row, id, ... in rows() do` goes over them, and
                              `local id, ... = first_row()` is the first of `row_count`

    -- USUAL waiting tasks    the keys that a call passes first; each key costs time in every call

A script calls `check_keys()` before it writes, to fail if one of its keys has a wrong type. A script with USUAL keys
calls `need_all_keys()` before it uses others: it then answers ALL_KEYS if it was not given them.
"""

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from itertools import chain
from pathlib import Path

from redisched.keys import ALL_TYPES

FORMAT = 4
"""The highest format of a shard's data that these scripts understand; a shard without a number has format 1."""

_PACKAGE = Path(__file__).resolve().parent.parent
_FOLDERS = (_PACKAGE / "_lua", _PACKAGE.parent / "scripts")
_SIZE_OF = {"hash": "HLEN", "list": "LLEN", "string": "GET", "zset": "ZCARD"}
_INCLUDE = re.compile(r"^( *)-- include: (\w+)\n", re.MULTILINE)
_KEYS = re.compile(r"^-- KEYS((?: [a-z]+)+)$", re.MULTILINE)
_USUAL_KEYS = re.compile(r"^-- USUAL((?: [a-z]+)+)$", re.MULTILINE)
_SHARD_KEYS = re.compile(r"^-- SHARD((?: [a-z]+)+)$", re.MULTILINE)
_ARGUMENT = re.compile(r"^-- ARG (\w+) +(\w+)", re.MULTILINE)
_COLUMN = re.compile(r"^-- ROW (\w+) +\w+", re.MULTILINE)
_ROW_LOOP = re.compile(r"^( *)for (\w+(?:, \w+)*) in rows\(\) do$", re.MULTILINE)
_FIRST_ROW = re.compile(r"local (\w+(?:, \w+)*) = first_row\(\)")
_FUNCTION = re.compile(r"^( *)local function (\w+)\((?:.*\n)*?\1end\n", re.MULTILINE)
_KEY_CHECK = re.compile(r"^( *)check_keys\(\)\n", re.MULTILINE)
_ALL_KEYS_NEEDED = re.compile(r"\bneed_all_keys\(\)")
_LINE = re.compile(r"^(?=.)", re.MULTILINE)
_COMMENT = re.compile(r"^ *--(?! include: ).*\n", re.MULTILINE)
_NAME = re.compile(r"\b[a-z]\w*\b")
_WORD = re.compile(r"'[^'\n]*'|--[^\n]*|\b[A-Z]+\b")
_REFUSAL = (
    "local format = redis.call('GET', FORMAT)\n"
    f"if format and (tonumber(format) or 0) > {FORMAT} then return {{'NEWER ' .. format}} end\n"
)
"""Lua put before each script: it refuses to run on a shard whose format is newer than the script understands."""


@dataclass(frozen=True, slots=True)
class Script:
    """One script in two versions: `flagged` begins with a line of flags, `plain` has none, for old servers.

    `keys` are names of `redisched.keys`; if `spans_shards`, a call passes these keys for each of several shards. The
    first of them, `usual_keys`, are enough for most calls.
    A call passes the `arguments` first, then the rows, each with a value for each of the `columns`.
    """

    name: str
    flagged: str
    plain: str
    flagged_sha: str
    plain_sha: str
    keys: tuple[str, ...] = ()
    usual_keys: tuple[str, ...] = ()
    spans_shards: bool = False
    arguments: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@cache
def load_script(name: str) -> Script:
    """Load a script by its name, such as `claim` or `read/queue`. Raises FileNotFoundError for an unknown name."""
    return expand(name, _read(name), read_library())


def load_variant(name: str, replaced: Mapping[str, str]) -> Script:
    """Load a script with other texts in place of some files of `lib`, given by the names of these files."""
    return expand(name, _read(name), {**read_library(), **replaced})


def expand(name: str, source: str, library: dict[str, str]) -> Script:
    """Build a script as it is sent to servers: define the names in its header, and insert the files it includes.

    A library file may include others; each is inserted once, but inside a function again if only that function includes
    it. Raises KeyError if the library lacks an included file.
    """
    sources = [source]
    flags, body = _split_flags(_without_unused(_with_includes(source, library, set(), sources)))
    shard_keys = _SHARD_KEYS.search(source)
    if shard_keys is None:
        usual = _USUAL_KEYS.search(source)
        first = (*usual[1].split(), "format") if usual else ()
        keys = tuple(dict.fromkeys((*first, *chain.from_iterable(map(_declared_keys, sources)), "format")))
        refusal = _REFUSAL
    else:
        keys, refusal, first = tuple(shard_keys[1].split()), "", ()
    arguments, columns = _ARGUMENT.findall(source), tuple(_COLUMN.findall(source))
    body = _with_key_checks(refusal + _argument_names(arguments) + body, keys)
    body = _ALL_KEYS_NEEDED.sub(f"if not KEYS[{len(keys)}] then return {{'ALL_KEYS'}} end", body)
    body = _with_rows(body, len(arguments), columns)
    plain = name_keys(body, keys) if shard_keys is None else _distances(keys) + body
    return Script(
        name=name,
        flagged=flags + plain,
        plain=plain,
        flagged_sha=_sha(flags + plain),
        plain_sha=_sha(plain),
        keys=keys,
        usual_keys=first or keys,
        spans_shards=shard_keys is not None,
        arguments=tuple(argument for argument, _kind in arguments),
        columns=columns,
    )


def name_keys(text: str, keys: Sequence[str]) -> str:
    """Replace the names of keys, in capitals, by KEYS[1], KEYS[2] and so on. Returns the Lua text.

    Local variables for the keys would cost more time than the rest of a short script.
    """
    places = {key.upper(): f"KEYS[{place}]" for place, key in enumerate(keys, 1)}
    return _WORD.sub(lambda word: places.get(word[0], word[0]), text)


@cache
def read_scripts() -> None:
    """Read every file now, so that a process can load each script even if it later has no free file descriptor."""
    read_library()
    for name in script_names():
        _read(name)


def script_names() -> tuple[str, ...]:
    """Return the names of all scripts, sorted."""
    folder = _folder()
    files = [file for place in (folder, folder / "read") for file in _lua_files(place)]
    return tuple(sorted(file.relative_to(folder).with_suffix("").as_posix() for file in files))


@cache
def read_library() -> dict[str, str]:
    """Return the text of every file in `lib`, by its name; these are the files that scripts may include."""
    return {path.stem: path.read_text(encoding="utf-8") for path in _lua_files(_folder() / "lib")}


def _lua_files(folder: Path) -> list[Path]:
    # Not a glob, which finds nothing, instead of raising, in a process without a free file descriptor.
    return [path for path in folder.iterdir() if path.suffix == ".lua"]


def _with_includes(source: str, library: dict[str, str], included: set[str], sources: list[str]) -> str:
    """Insert the included files, except those in `included`, and append their texts to `sources`. Comments go."""

    def text_of(found: re.Match[str]) -> str:
        indent, name = found.groups()
        if name in included:
            return ""
        sources.append(library[name])
        # What is included inside a function is not known outside of it.
        known = {*included} if indent else included
        known.add(name)
        text = _with_includes(library[name], library, known, sources)
        return _LINE.sub(indent, text) if indent else text

    return _INCLUDE.sub(text_of, _COMMENT.sub("", source))


def _without_unused(body: str) -> str:
    """Without the functions that nothing calls: an include may have more than a script needs, and Redis makes each
    function anew in every call of a script.
    """
    functions: dict[str, set[str]] = {}
    for found in _FUNCTION.finditer(body):
        functions.setdefault(found[2], set()).update(_NAME.findall(found[0]))
    needed = set(_NAME.findall(_FUNCTION.sub("", body)))
    while called := needed & functions.keys():
        for name in called:
            needed |= functions.pop(name)
    # What is left here is called by nothing, or only by what nothing calls.
    return _FUNCTION.sub(lambda found: "" if found[2] in functions else found[0], body)


@cache
def _declared_keys(source: str) -> tuple[str, ...]:
    return tuple(key for keys in _KEYS.findall(source) for key in keys.split())


def _distances(keys: Sequence[str]) -> str:
    """Return Lua that sets each key name to its distance from the first key of a shard, as KEYS has several shards."""
    return f"local {', '.join(key.upper() for key in keys)} = {', '.join(map(str, range(len(keys))))}\n"


def _argument_names(arguments: Sequence[tuple[str, str]]) -> str:
    if not arguments:
        return ""
    names = ", ".join(name for name, _kind in arguments)
    values = (f"ARGV[{index}]" for index in range(1, len(arguments) + 1))
    typed = (
        f"tonumber({value})" if kind == "int" else value for value, (_name, kind) in zip(values, arguments, strict=True)
    )
    return f"local {names} = {', '.join(typed)}\n"


def _with_rows(body: str, arguments: int, columns: Sequence[str]) -> str:
    """Replace `rows()`, `first_row()` and `row_count` in a script by expressions on ARGV."""
    width = len(columns) or 1

    def loop(found: re.Match[str]) -> str:
        indent, (row, *names) = found[1], found[2].split(", ")
        row = "row" if row == "_" else row
        lines = [f"for {row} = 1, row_count do"]
        if names:
            lines.append(f"  local at, given = {arguments} + ({row} - 1) * {width}, ARGV")
            lines.append(f"  {_assigned(names, 'given[at + {}]', 1)}")
        return "\n".join(indent + line for line in lines)

    body = _FIRST_ROW.sub(lambda found: _assigned(found[1].split(", "), "ARGV[{}]", arguments + 1), body)
    return _ROW_LOOP.sub(loop, body).replace("row_count", f"((#ARGV - {arguments}) / {width})")


def _assigned(names: Sequence[str], value: str, first: int) -> str:
    """Return Lua that assigns consecutive values to local names, beginning at index `first`; `_` skips a value."""
    told = [(name, value.format(place)) for place, name in enumerate(names, first) if name != "_"]
    return f"local {', '.join(name for name, _ in told)} = {', '.join(place for _, place in told)}"


def _with_key_checks(body: str, keys: Sequence[str]) -> str:
    """Replace `check_keys()` by calls that read the size of each key, to fail if its type is wrong.

    Redis undoes no writes of a script that fails, so a wrong type must be found before the first write.
    """

    def asked(found: re.Match[str]) -> str:
        sizes = (f"redis.call('{_SIZE_OF[ALL_TYPES[key]]}', {key.upper()})\n" for key in keys if key != "format")
        return textwrap.indent("".join(sizes), found[1])

    return _KEY_CHECK.sub(asked, body)


def _split_flags(source: str) -> tuple[str, str]:
    flags, line_end, rest = source.partition("\n")
    return (flags + line_end, rest) if flags.startswith("#!") else ("", source)


def _read(name: str) -> str:
    return _text_of(_folder() / f"{name}.lua")


@cache
def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _folder() -> Path:
    for folder in _FOLDERS:
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"the Lua scripts are neither in {_FOLDERS[0]} nor in {_FOLDERS[1]}; reinstall redisched")


def _sha(source: str) -> str:
    return sha1(source.encode(), usedforsecurity=False).hexdigest()
