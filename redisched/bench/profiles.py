"""Profiles of whole processes: tables of the functions that take most time, which can be read without other tools.

A profiled process writes its profile to a file when it ends. So worker processes can be profiled, too.
"""

import cProfile
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import NamedTuple

from redisched.bench.machine import Machine
from redisched.bench.scale import Scale

_LONGEST_TABLE = 40
_ABOUT = """\
Profile by `redisched bench`, {tasks:,} tasks, {machine}.
Functions by the time they took themselves (own), and together with what they called (total), by the clock on the wall:
a function that waits takes the time it waits. Of each process only the thread of the event loop, or of the producer,
is looked at. The profiler adds to every call, most to short ones, so these are no figures of the bench."""
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_HEADING = f"{'own s':>9} {'own %':>6} {'total s':>9} {'calls':>11}  function"


class Function(NamedTuple):
    """A function in a profile, with its time in seconds without and with the functions that it calls."""

    name: str
    calls: int
    own_s: float
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessProfile:
    """The functions of one process, sorted by their own time, longest first."""

    title: str
    functions: tuple[Function, ...]

    def __str__(self) -> str:
        all_s = sum(function.own_s for function in self.functions) or 1.0
        lines = [f"{self.title}, {all_s:.3f} s", _HEADING]
        for name, calls, own_s, total_s in self.functions[:_LONGEST_TABLE]:
            lines.append(f"{own_s:9.3f} {100 * own_s / all_s:6.1f} {total_s:9.3f} {calls:11,}  {name}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """The profiles of several processes, with titles that say what was profiled."""

    processes: tuple[ProcessProfile, ...]
    scale: Scale
    machine: Machine

    def __str__(self) -> str:
        about = _ABOUT.format(tasks=self.scale.tasks, machine=self.machine)
        return "\n\n".join([about, *map(str, self.processes)]) + "\n"


@contextmanager
def profiled(folder: Path | None) -> Iterator[None]:
    """Profile what this thread does inside the context, and write a file with the profile to `folder`, unless None."""
    if folder is None:
        yield
        return
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        yield
    finally:
        profiler.disable()
        functions = [
            Function(_name_of(entry.code), entry.callcount, entry.inlinetime, entry.totaltime)
            for entry in profiler.getstats()
        ]
        (folder / f"{os.getpid()}.json").write_text(json.dumps(functions))


def read_profiles(folder: Path, title: str) -> Iterator[ProcessProfile]:
    """Yield the profiles that processes have written to a folder."""
    for path in sorted(folder.glob("*.json")):
        functions = [Function(*fields) for fields in json.loads(path.read_text())]
        functions.sort(key=lambda function: function.own_s, reverse=True)
        yield ProcessProfile(title=title, functions=tuple(functions))


def _name_of(code: CodeType | str) -> str:
    if isinstance(code, str):
        return _ADDRESS.sub("", code)
    return f"{_as_imported(code.co_filename)}:{code.co_firstlineno} {code.co_qualname}"


def _as_imported(file: str) -> str:
    """The path of a source file relative to the import folder in which Python found it."""
    folders = [folder for folder in sys.path if folder and file.startswith(f"{folder}/")]
    return file[len(max(folders, key=len)) + 1 :] if folders else file
