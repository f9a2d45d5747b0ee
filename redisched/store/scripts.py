"""Loads the Lua files of the state machine and resolves their includes.

A wheel carries them as `redisched/_lua`; in a checkout they stand in `scripts/` beside the package.
"""

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_FOLDERS = (_PACKAGE / "_lua", _PACKAGE.parent / "scripts")
_INCLUDE = re.compile(r"^-- include: (\w+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Script:
    """One script in the two dialects of servers: with its flags, and without for servers that know none."""

    name: str
    flagged: str
    plain: str
    flagged_sha: str
    plain_sha: str


@cache
def load_script(name: str) -> Script:
    """The script of a name such as `claim` or `read/queue`. Raises FileNotFoundError for any other."""
    source = (_folder() / f"{name}.lua").read_text(encoding="utf-8")
    whole = _INCLUDE.sub(lambda found: _read_included(found[1]), source)
    flags, _, rest = whole.partition("\n")
    plain = rest if flags.startswith("#!") else whole
    return Script(name, whole, plain, _sha(whole), _sha(plain))


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
def _read_included(name: str) -> str:
    return (_folder() / "lib" / f"{name}.lua").read_text(encoding="utf-8")


def _folder() -> Path:
    for folder in _FOLDERS:
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"the Lua scripts are neither in {_FOLDERS[0]} nor in {_FOLDERS[1]}; reinstall redisched")


def _sha(source: str) -> str:
    return sha1(source.encode(), usedforsecurity=False).hexdigest()
