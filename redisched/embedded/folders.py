"""Creates the folders of an embedded server, and refuses folders that other users own or may enter.

The data folder is in the project. The socket is not, because the path of a socket must be short: it goes into a runtime
folder. Every user of the machine may create folders at that location, so owner and mode are checked at both levels.
"""

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from redisched.embedded.paths import DATA_VARIABLE
from redisched.errors import ServerStartFailed

# 108 bytes on Linux, 104 on macOS, both with the closing NUL.
_SOCKET_PATH_LIMIT_BYTES = 104
_SOCKET_NAME = "server.sock"
_ANOTHER = f"name another folder in {DATA_VARIABLE}"


def check_place(data_directory: Path) -> None:
    """Raises ServerStartFailed if a data folder that the user did not name would be created in the root folder of the
    file system, as happens in a container, or in a folder of another user.
    """
    place = data_directory.parent
    if data_directory.exists():
        return
    if place == place.parent:
        raise ServerStartFailed(f"it keeps no data in {place}; set REDISCHED_URL, or {_ANOTHER}", "")
    try:
        owner = place.stat().st_uid
    except OSError as error:
        raise ServerStartFailed(f"cannot keep data in {place} ({error.strerror}); {_ANOTHER}", "") from error
    if owner != os.geteuid():
        raise ServerStartFailed(f"{place} is not a folder of this user (owner: uid {owner}); {_ANOTHER}", "")


def prepare_data_directory(directory: Path) -> None:
    """Create the data folder, mode 0700, kept out of version control.

    Raises ServerStartFailed if the folder cannot be created, or if other users own it or may enter it.
    """
    try:
        _ensure_private(directory)
        ignore_file = directory / ".gitignore"
        if not ignore_file.exists():
            ignore_file.write_text("*\n")
    except OSError as error:
        raise ServerStartFailed(f"cannot keep data in {directory} ({error.strerror}); {_ANOTHER}", "") from error


def prepare_socket_path(name: str) -> Path:
    """Return the path of a socket in its own runtime folder `name`, created with mode 0700.

    The folder is created under XDG_RUNTIME_DIR if this user owns that directory, else under the temporary directory.
    Raises ServerStartFailed if no directory can be used, or if the folder there belongs to another user.
    """
    refusals = []
    for root in _runtime_roots():
        path = root / name / _SOCKET_NAME
        if len(os.fsencode(path)) >= _SOCKET_PATH_LIMIT_BYTES:
            refusals.append(f"{path} is too long for a socket")
            continue
        try:
            _ensure_private(root)
            _ensure_private(path.parent)
        except OSError as error:
            refusals.append(f"{root}: {error.strerror}")
            continue
        return path
    raise ServerStartFailed(f"found no folder for the server's socket ({'; '.join(refusals)})", "")


def socket_folder_name(data_directory: Path) -> str:
    """Return the name of the runtime folder that belongs to a data folder."""
    return hashlib.sha256(os.fsencode(data_directory)).hexdigest()[:16]


def _runtime_roots() -> Iterator[Path]:
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    # Under sudo the variable can still name the directory of the user who called sudo; root must not write there.
    if runtime.is_absolute() and runtime.is_dir() and runtime.stat().st_uid == os.geteuid():
        yield runtime / "redisched"
    own_name = f"redisched-{os.geteuid()}"
    with suppress(FileNotFoundError):  # no temporary directory is writable
        yield Path(tempfile.gettempdir()).absolute() / own_name
    yield Path("/tmp") / own_name


def _ensure_private(directory: Path) -> None:
    """Create the folder with mode 0700 if it is missing; refuse one that others own or may enter."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise ServerStartFailed(f"{directory} is not a folder of this user (owner: uid {found.st_uid}); {_ANOTHER}", "")
    if found.st_mode & 0o077:
        if any(directory.iterdir()):
            raise ServerStartFailed(
                f"{directory} is open to other users (mode {stat.S_IMODE(found.st_mode):o}); chmod 700 it", ""
            )
        directory.chmod(0o700)
