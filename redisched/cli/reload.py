"""Runs a command, and restarts it whenever a Python file in given folders changes."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from redisched.cli.tied_process import start_tied

POLL_S = 0.5

Snapshot: TypeAlias = Mapping[Path, tuple[int, int]]
"""For each file, the time of its last change in nanoseconds and its size in bytes."""


def snapshot(*roots: Path) -> Snapshot:
    """Return the Python files in some folders and their subfolders, following symbolic links; each folder is read once.

    Hidden folders, virtual environments and caches are left out.
    """
    files: dict[Path, tuple[int, int]] = {}
    seen: set[tuple[int, int]] = set()
    for parent, folders, names in chain.from_iterable(os.walk(root, followlinks=True) for root in roots):
        here = Path(parent)
        found = _stat(here)
        if found is None or (found.st_dev, found.st_ino) in seen:
            folders.clear()
            continue
        seen.add((found.st_dev, found.st_ino))
        folders[:] = sorted(name for name in folders if _holds_code(here / name))
        for name in names:
            if name.endswith(".py") and (found := _stat(here / name)) is not None:
                files[here / name] = (found.st_mtime_ns, found.st_size)
    return files


def changed_files(before: Snapshot, after: Snapshot) -> list[Path]:
    """Return the files that were added, removed or changed, sorted."""
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))


class Reloader:
    """Keeps one process of a command running until `stop`, and restarts it when a file in some folders changes.

    If the process ends by itself, such as after an error in the code, the next change starts it again. `tell` is called
    with one line of text for each event.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        command: Sequence[str],
        environment: Mapping[str, str],
        tell: Callable[[str], None],
    ) -> None:
        self._folders = folders
        self._command = command
        self._environment = environment
        self._tell = tell
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Run and restart the command until `stop` is called."""
        seen = snapshot(*self._folders)
        while not self._stopping.is_set():
            self._process = start_tied(self._command, self._environment)
            now = self._watch(self._process, seen)
            if self._process.poll() is None:
                self._process.terminate()
            self._process.wait()
            for path in changed_files(seen, now):
                self._tell(f"{self._shown(path)} changed")
            seen = now

    def run_until_signalled(self) -> None:
        """As `run`, until this process receives SIGINT or SIGTERM. Call it in the main thread."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: self.stop())
        self.run()

    def stop(self) -> None:
        """Make `run` end the process and return. A second call sends SIGTERM again, so that a worker stops sooner."""
        if self._stopping.is_set() and self._process is not None:
            self._process.terminate()
        self._stopping.set()

    def _shown(self, path: Path) -> Path:
        return next((path.relative_to(one) for one in self._folders if path.is_relative_to(one)), path)

    def _watch(self, process: "subprocess.Popen[bytes]", seen: Snapshot) -> Snapshot:
        """Wait for a change, and return the new snapshot; after `stop`, return `seen`."""
        told = False
        while not self._stopping.wait(POLL_S):
            now = snapshot(*self._folders)
            if now != seen:
                return now
            if not told and process.poll() is not None:
                told = True
                self._tell(f"the worker ended (exit code {process.returncode}); waiting for a change")
        return seen


def _stat(path: Path) -> os.stat_result | None:
    """Return the status of a path, following links; None if it is missing, unreadable or a link to itself."""
    try:
        return path.stat()
    except OSError:
        return None


def _holds_code(folder: Path) -> bool:
    name = folder.name
    return not (name.startswith(".") or name in ("__pycache__", "node_modules") or (folder / "pyvenv.cfg").exists())
