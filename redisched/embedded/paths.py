"""The paths of the files of a project's server.

Locks and data are in the project, so that all its processes find the same server even if their environments differ.
"""

import os
from dataclasses import dataclass
from pathlib import Path

DATA_VARIABLE = "REDISCHED_DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPaths:
    """The files in one data folder."""

    data_directory: Path

    @property
    def start_lock(self) -> Path:
        """Held exclusively by a process while it starts, joins or stops the server."""
        return self.data_directory / "start.lock"

    @property
    def users_lock(self) -> Path:
        """Held, shared, by every process that uses the server, for as long as it uses the server."""
        return self.data_directory / "users.lock"

    @property
    def guardian_lock(self) -> Path:
        """Held exclusively by the guardian of a running server."""
        return self.data_directory / "guardian.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the guardian and its server together, so that no second server opens the same data."""
        return self.data_directory / "server.lock"

    @property
    def state(self) -> Path:
        """A JSON file in which the guardian describes the server it runs; see `ServerState`."""
        return self.data_directory / "server.json"

    @property
    def stay_mark(self) -> Path:
        """A file that exists while the running server is to stay even if it has no users."""
        return self.data_directory / "stays"

    @property
    def log(self) -> Path:
        return self.data_directory / "server.log"


def find_project_directory(start: Path) -> Path:
    """Return the nearest of `start` and its parents that holds pyproject.toml or .git, else `start`."""
    for candidate in (start, *start.parents):
        if (candidate / "pyproject.toml").exists() or (candidate / ".git").exists():
            return candidate
    return start


def locate(project_directory: Path | None) -> ServerPaths:
    """Return the paths of a project's server; None means REDISCHED_DATA, else the project around the working directory.

    Nothing is created.
    """
    override = os.environ.get(DATA_VARIABLE)
    if project_directory is not None:
        data_directory = project_directory / ".redisched"
    elif override:
        data_directory = Path(override).expanduser()
    else:
        data_directory = find_project_directory(Path.cwd()) / ".redisched"
    return ServerPaths(data_directory=data_directory.resolve())
