"""What Lua's own compiler finds in a script: which globals it uses and how long its functions are.

Read from the bytecode of Lua 5.1, which the servers run, so that no scoping rule has to be guessed.
The format: "A No-Frills Introduction to Lua 5.1 VM Instructions" (K.-H. Man, 2006), chapter 4.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from lupa.lua51 import LuaRuntime

_HEADER_BYTES = 12
_GET_GLOBAL, _SET_GLOBAL = 5, 7
_NIL, _BOOLEAN, _NUMBER, _STRING = 0, 1, 3, 4

_dump: Callable[[bytes], bytes | tuple[None, bytes]] = LuaRuntime(encoding=None).eval(
    b"function(source) local chunk, reason = loadstring(source, '=script')"
    b" if not chunk then return nil, reason end return string.dump(chunk) end"
)


class DoesNotCompile(Exception):
    """Raised with the message of Lua when a script is not valid Lua."""


@dataclass(frozen=True, slots=True)
class Extent:
    """The first and the last line of a function."""

    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A compiled script: the globals it reads and writes, and the functions within it."""

    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    functions: list[Extent] = field(default_factory=list)


def compile_lua(source: str) -> Chunk:
    """Compile a script without running it.

    Raises DoesNotCompile.
    """
    dumped = _dump(source.encode())
    if isinstance(dumped, tuple):
        raise DoesNotCompile(dumped[1].decode())
    chunk = Chunk()
    _Reader(dumped, chunk).read_function()
    return chunk


class _Reader:
    def __init__(self, dumped: bytes, chunk: Chunk) -> None:
        self._dumped, self._chunk, self._at = dumped, chunk, _HEADER_BYTES

    def read_function(self) -> None:
        self._string()
        first_line, last_line = self._take("<ii")
        self._skip(4)
        code = self._take(f"<{self._count()}I")
        constants = [self._constant() for _ in range(self._count())]
        for _ in range(self._count()):
            self.read_function()
        self._skip(4 * self._count())
        for _ in range(self._count()):
            self._string()
            self._skip(8)
        for _ in range(self._count()):
            self._string()
        self._note_globals(code, constants)
        if first_line:
            self._chunk.functions.append(Extent(first_line, last_line))

    def _note_globals(self, code: tuple[int, ...], constants: list[str]) -> None:
        touched = {_GET_GLOBAL: self._chunk.reads, _SET_GLOBAL: self._chunk.writes}
        for instruction in code:
            names = touched.get(instruction & 0x3F)
            if names is not None:
                names.add(constants[instruction >> 14])

    def _constant(self) -> str:
        (kind,) = self._take("<B")
        if kind == _STRING:
            return self._string()
        self._skip({_NIL: 0, _BOOLEAN: 1, _NUMBER: 8}[kind])
        return ""

    def _string(self) -> str:
        (length,) = self._take("<Q")
        text = self._dumped[self._at : self._at + length]
        self._skip(length)
        return text.rstrip(b"\0").decode(errors="replace")

    def _count(self) -> int:
        (count,) = self._take("<i")
        return int(count)

    def _take(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from(layout, self._dumped, self._at)
        self._skip(struct.calcsize(layout))
        return values

    def _skip(self, length: int) -> None:
        self._at += length
