"""An environment for each peer, with the very versions that its list names: what one needs would not fit another."""

import hashlib
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from docs.performance.peers.catalogue import Entry
from redisched.errors import RedischedError

_INSTALLED = "installed"
_OWN_PACKAGES = ("redisched", "redis", "hiredis")


class PeerNotInstalled(RedischedError):
    """Raised when a peer cannot be installed; the others can be measured without it."""

    def __init__(self, title: str, reason: str) -> None:
        self.title = title
        self.reason = reason
        super().__init__(f"{title} is left out, as it could not be installed: {reason}")


def interpreter_of(entry: Entry, environments: Path) -> Path:
    """The interpreter with the peer's packages, installed below `environments` at first use.

    That of redisched is the one that runs. Raises PeerNotInstalled.
    """
    if entry.requirements is None:
        return Path(sys.executable)
    folder = environments / entry.name
    interpreter = folder / "bin" / "python"
    wanted = hashlib.sha256(entry.requirements.read_bytes()).hexdigest()
    installed = folder / _INSTALLED
    if not installed.exists() or installed.read_text() != wanted:
        _run(entry, _base_interpreter(entry), "-m", "venv", "--clear", str(folder))
        _run(entry, str(interpreter), "-m", "pip", "install", "--quiet", "-r", str(entry.requirements))
        installed.write_text(wanted)
    return interpreter


def versions_of(entry: Entry) -> dict[str, str]:
    """The version of each package that a peer was measured with; of redisched, itself and its client of Redis."""
    if entry.requirements is None:
        return {name: version(name) for name in _OWN_PACKAGES}
    lines = entry.requirements.read_text().splitlines()
    return dict(line.split("==", 1) for line in lines)


def _base_interpreter(entry: Entry) -> str:
    if not entry.python or sys.version_info >= tuple(map(int, entry.python.split("."))):
        return sys.executable
    newer = shutil.which(f"python{entry.python}")
    if newer is None:
        raise PeerNotInstalled(entry.title, f"it needs Python {entry.python}, and there is no python{entry.python}")
    return newer


def _run(entry: Entry, *command: str) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        said = [line for line in finished.stderr.splitlines() if line.strip()]
        errors = [line for line in said if line.startswith("ERROR")] or said[-1:] or ["it said nothing"]
        raise PeerNotInstalled(entry.title, errors[-1])
