"""The server of a project: functions that join it, start it, stop it and report its status.

All processes of a project share one server, which runs while at least one process uses it. A process that starts, joins
or stops the server holds the start lock meanwhile, so no two do so at once. Users are the holders of the users lock.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from redisched.embedded.binary import find_binary
from redisched.embedded.endpoint import is_ready, read_version
from redisched.embedded.folders import check_place, prepare_data_directory, prepare_socket_path, socket_folder_name
from redisched.embedded.locks import FileLock, is_held_alone
from redisched.embedded.paths import DATA_VARIABLE, ServerPaths, locate
from redisched.embedded.polling import poll_until
from redisched.embedded.process import START_TIMEOUT_S, STOP_TIMEOUT_S, read_log_tail
from redisched.embedded.state import ServerState, read_state
from redisched.errors import NoServer, ServerStartFailed, ServerStopFailed

_IMPORT_ROOT = Path(__file__).resolve().parents[2]
# Another process may hold the lock for as long as a start and a stop take together.
_LOCK_TIMEOUT_S = START_TIMEOUT_S + STOP_TIMEOUT_S


class ServerUser:
    """Keeps the project's server running for this process, until `leave()` or the end of the process."""

    def __init__(self, state: ServerState, users_lock: FileLock) -> None:
        self.url = state.endpoint.url
        self.pid = state.pid
        self._users_lock = users_lock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Stop using the server. It stops shortly after its last user left, unless it was started to stay."""
        self._users_lock.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """The server of a project at one moment. `pid`, `url` and `version` are None while it is not running."""

    running: bool
    stays: bool
    pid: int | None
    url: str | None
    version: str | None
    data_directory: Path


def join(directory: Path | None = None) -> ServerUser:
    """Start the server of the project in `directory` unless it runs, and register this process as a user of it.

    `directory` None means the data folder named by REDISCHED_DATA, else the project around the working directory.
    Raises NoServerBinary or ServerStartFailed.
    """
    paths = _place(directory)
    with _start_locked(paths) as start_lock:
        users_lock = FileLock(paths.users_lock)
        try:
            users_lock.wait_shared(_LOCK_TIMEOUT_S)
            return ServerUser(_ensure_running(paths, start_lock), users_lock)
        except BaseException:
            users_lock.close()
            raise


def join_existing() -> ServerUser:
    """As `join`, for commands that only read: raises NoServer if this project never had a server."""
    expect_server()
    return join()


def expect_server() -> None:
    """Raises NoServer if this project never had a server, that is, it has no data folder. Creates nothing."""
    if not locate(None).data_directory.exists():
        raise NoServer("start the embedded server of this project: redisched server start")


def start(directory: Path | None = None) -> ServerStatus:
    """Start the server of the project unless it runs; it then stays without users until `stop`.

    Arguments and errors as for `join`.
    """
    paths = _place(directory)
    with _start_locked(paths) as start_lock:
        _ensure_running(paths, start_lock)
        paths.stay_mark.touch()
    return _read_status(paths)


def stop(directory: Path | None = None) -> ServerStatus:
    """Stop the server of the project at once, even if processes use it; its data is kept.

    Returns the status before the stop: `running` is False if no server ran. Raises ServerStopFailed.
    """
    paths = locate(directory)
    if not paths.data_directory.exists():
        return _read_status(paths)
    with _start_locked(paths):
        before = _read_status(paths)
        state = read_state(paths.state)
        if state is not None and _is_occupied(paths):
            # A guardian that receives SIGTERM stops its server. If the guardian is dead, the server already stops (on
            # Linux) or runs on (where the kernel sends no signal at the death of a parent), so it is signalled itself.
            addressee = state.guardian_pid if is_held_alone(paths.guardian_lock) else state.pid
            with suppress(ProcessLookupError):
                os.kill(addressee, signal.SIGTERM)
            if not poll_until(lambda: not _is_occupied(paths), 2 * STOP_TIMEOUT_S):
                raise ServerStopFailed(state.pid, 2 * STOP_TIMEOUT_S)
    return before


def status(directory: Path | None = None) -> ServerStatus:
    """Return the status of the project's server, without creating or changing anything."""
    return _read_status(locate(directory))


def _place(directory: Path | None) -> ServerPaths:
    """Return the paths for a server that may be created there. Raises ServerStartFailed."""
    try:
        paths = locate(directory)
    except OSError as error:
        raise ServerStartFailed(f"the current folder cannot be read ({error.strerror})", "") from error
    if directory is None and not os.environ.get(DATA_VARIABLE):
        check_place(paths.data_directory)
    return paths


@contextmanager
def _start_locked(paths: ServerPaths) -> Iterator[FileLock]:
    prepare_data_directory(paths.data_directory)
    try:
        with FileLock(paths.start_lock) as start_lock:
            if not start_lock.wait_exclusive(_LOCK_TIMEOUT_S):
                raise ServerStartFailed("another process has been starting or stopping it for too long", "")
            yield start_lock
    except OSError as error:
        reason = f"cannot keep data in {paths.data_directory} ({error.strerror})"
        raise ServerStartFailed(f"{reason}; name another folder in {DATA_VARIABLE}", "") from error


def _ensure_running(paths: ServerPaths, start_lock: FileLock) -> ServerState:
    """Return the running server; start one if none runs. The caller holds the start lock."""

    def is_settled() -> bool:
        return _find_running(paths) is not None or not is_held_alone(paths.guardian_lock)

    if not poll_until(is_settled, START_TIMEOUT_S):
        raise ServerStartFailed("it runs but does not answer; stop it", read_log_tail(paths.log))
    return _find_running(paths) or _launch(paths, start_lock)


def _find_running(paths: ServerPaths) -> ServerState | None:
    """Return the server if it has a guardian and answers."""
    if not is_held_alone(paths.guardian_lock):
        return None
    state = read_state(paths.state)
    return state if state is not None and is_ready(state.endpoint) else None


def _is_occupied(paths: ServerPaths) -> bool:
    return is_held_alone(paths.guardian_lock) or is_held_alone(paths.server_lock)


def _launch(paths: ServerPaths, start_lock: FileLock) -> ServerState:
    binary = find_binary()
    socket_path = prepare_socket_path(socket_folder_name(paths.data_directory))
    paths.stay_mark.unlink(missing_ok=True)
    # -S and -P keep site-packages and the working directory off sys.path: a fast start, and no module of other authors.
    interpreter = (sys.executable, "-S", "-P", "-m", "redisched.embedded.guardian")
    launch = subprocess.run(
        (*interpreter, str(paths.data_directory), str(socket_path), str(binary), str(start_lock.descriptor)),
        cwd=paths.data_directory,
        env={**os.environ, "PYTHONPATH": str(_IMPORT_ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=(start_lock.descriptor,),
        check=False,
    )
    state = read_state(paths.state)
    if launch.returncode != 0 or state is None:
        raise ServerStartFailed(launch.stdout.decode(errors="replace").strip(), read_log_tail(paths.log))
    return state


def _read_status(paths: ServerPaths) -> ServerStatus:
    state = _find_running(paths)
    return ServerStatus(
        running=state is not None,
        stays=state is not None and paths.stay_mark.exists(),
        pid=None if state is None else state.pid,
        url=None if state is None else state.endpoint.url,
        version=None if state is None else read_version(state.endpoint),
        data_directory=paths.data_directory,
    )
