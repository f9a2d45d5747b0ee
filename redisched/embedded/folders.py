"""Creating the folders of a server, and refusing those that other users could reach into.

The data folder stands in the project. The socket cannot: its path has a small limit, so it goes to a runtime folder,
which stands where every user of the machine may create one and is therefore looked at twice.
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
    """Raises ServerStartFailed where a data folder that nobody named must not be made: in the root folder, such as in a
    container, and in a folder of another user.
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

    Raises ServerStartFailed when it cannot be used by this user alone.
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

    The folder stands under XDG_RUNTIME_DIR when that is this user's, else under the temporary directory.
    Raises ServerStartFailed when no place will do, or when the place is somebody else's.
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
    # Under sudo the variable can still name the folder of the other user, where root must leave nothing behind.
    if runtime.is_absolute() and runtime.is_dir() and runtime.stat().st_uid == os.geteuid():
        yield runtime / "redisched"
    own_name = f"redisched-{os.geteuid()}"
    with suppress(FileNotFoundError):  # there is no temporary folder that can be written
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
