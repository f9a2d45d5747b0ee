"""Where a server keeps its files: found from any folder of the project, private, and with a short socket path."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from redisched.embedded import join
from redisched.embedded.folders import prepare_data_directory, prepare_socket_path
from redisched.embedded.paths import DATA_VARIABLE, find_project_directory, locate
from redisched.errors import ServerStartFailed
from tests.embedded.conftest import Project
from tests.embedded.processes import USER, ScriptProcess


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("marker", ["pyproject.toml", ".git"])
def test_a_project_is_found_from_its_subfolders(tmp_path: Path, marker: str) -> None:
    below = tmp_path / "package" / "module"
    below.mkdir(parents=True)
    (tmp_path / marker).mkdir()

    assert find_project_directory(below) == tmp_path


def test_of_nested_projects_the_nearest_is_used(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / ".git").mkdir()
    (inner / "pyproject.toml").touch()

    assert find_project_directory(inner) == inner


def test_without_a_given_folder_the_working_directory_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")

    assert locate(None).data_directory == tmp_path / ".redisched"


def test_the_environment_can_name_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))

    assert locate(None).data_directory == tmp_path / "data"
    assert locate(tmp_path / "project").data_directory == tmp_path / "project" / ".redisched"


def test_the_folders_of_a_running_server_are_private(project: Project) -> None:
    with join(project.directory):
        socket_path = project.state().endpoint.path
        assert mode(project.paths.data_directory) == 0o700
        assert mode(socket_path.parent) == 0o700
        assert mode(socket_path.parent.parent) == 0o700
        assert mode(socket_path) & 0o077 == 0


def test_the_data_stays_out_of_version_control(tmp_path: Path) -> None:
    prepare_data_directory(tmp_path / "data")

    assert (tmp_path / "data" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("name", ["/".join(["a-rather-long-name"] * 15), "blanks and\tumläute 100% 'quoted' \"twice\""])
def test_every_project_path_is_possible(make_project: Callable[[str], Project], name: str) -> None:
    project = make_project(name)
    with join(project.directory) as user, Redis.from_url(user.url, decode_responses=True) as client:
        assert len(os.fsencode(project.state().endpoint.path)) < 108
        assert client.config_get("dir")["dir"] == str(project.paths.data_directory)


def test_neither_home_nor_a_runtime_folder_is_needed(project: Project) -> None:
    surroundings = {"HOME": "/nonexistent", "PATH": os.environ["PATH"]}
    with ScriptProcess(USER, str(project.directory), environment=surroundings) as user:
        user.say("join")
        assert (user.hear(), user.hear()) == ("waiting", str(project.state().pid))


def test_the_socket_goes_to_the_runtime_folder_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    assert prepare_socket_path("name") == tmp_path / "redisched" / "name" / "server.sock"


def test_a_runtime_folder_with_a_too_long_path_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))

    path = prepare_socket_path("too-deep")

    path.parent.rmdir()
    assert len(os.fsencode(path)) < 104
    assert list(deep.iterdir()) == []


def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    somebody_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody_else)

    with pytest.raises(ServerStartFailed, match="is not a folder of this user"):
        prepare_data_directory(tmp_path)


def test_a_link_in_place_of_the_runtime_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "target").mkdir(mode=0o700)
    (tmp_path / "redisched").symlink_to(tmp_path / "target")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    with pytest.raises(ServerStartFailed, match="is not a folder of this user"):
        prepare_socket_path("name")


def test_a_folder_with_files_that_other_users_may_enter_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "file").touch()

    with pytest.raises(ServerStartFailed, match="open to other users"):
        prepare_data_directory(tmp_path)
    assert mode(tmp_path) == 0o755


def test_an_empty_folder_is_made_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    prepare_data_directory(tmp_path)

    assert mode(tmp_path) == 0o700


def test_the_error_about_a_read_only_folder_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ServerStartFailed, match=f"cannot keep data in .*/file/data .*{DATA_VARIABLE}"):
        prepare_data_directory(tmp_path / "file" / "data")
