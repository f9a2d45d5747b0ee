"""One server per project: each user joins it, it stops after the last one has left, and its data stays."""

from collections.abc import Callable
from contextlib import ExitStack

import pytest
from redis import ConnectionError as Disconnected
from redis import Redis

from redisched.embedded import join, start, status, stop
from tests.embedded.conftest import Project
from tests.embedded.processes import USER, ScriptProcess, is_alive
from tests.waiting import wait_until

ProjectMaker = Callable[[str], Project]


def wait_longer_than_an_unused_server_lives(make_project: ProjectMaker) -> None:
    """Return when a server whose only user left just now has stopped: a server left before had at least this time."""
    other = make_project("other")
    join(other.directory).leave()
    other.wait_until_stopped()


def test_a_second_user_joins_the_server_of_the_first(project: Project) -> None:
    with join(project.directory) as first, join(project.directory) as second:
        assert second.pid == first.pid
        assert second.url == first.url


def test_two_projects_have_two_servers(make_project: ProjectMaker) -> None:
    with join(make_project("one").directory) as one, join(make_project("two").directory) as two:
        assert one.url != two.url


def test_the_server_stops_after_its_last_user_has_left_and_not_before(
    project: Project, make_project: ProjectMaker
) -> None:
    first, last = join(project.directory), join(project.directory)

    first.leave()
    wait_longer_than_an_unused_server_lives(make_project)
    assert project.is_running()

    last.leave()
    project.wait_until_stopped()


def test_a_second_leave_does_nothing(project: Project) -> None:
    with join(project.directory) as other:
        user = join(project.directory)
        user.leave()
        user.leave()
        assert is_alive(other.pid)


def test_the_data_survives_a_restart(project: Project) -> None:
    with join(project.directory) as user, Redis.from_url(user.url) as client:
        client.set("key", "value")
    project.wait_until_stopped()

    with join(project.directory) as user, Redis.from_url(user.url) as client:
        assert client.get("key") == b"value"


def test_the_settings_keep_every_task_and_admit_no_other_user(project: Project) -> None:
    with join(project.directory) as user, Redis.from_url(user.url, decode_responses=True) as client:
        settings = client.config_get()

    expected = {
        "port": "0",
        "maxmemory-policy": "noeviction",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "unixsocketperm": "700",
        "dir": str(project.paths.data_directory),
    }
    assert {name: settings[name] for name in expected} == expected


def test_a_server_started_by_command_runs_without_users(project: Project, make_project: ProjectMaker) -> None:
    started = start(project.directory)
    assert started.running
    assert started.stays

    join(project.directory).leave()
    wait_longer_than_an_unused_server_lives(make_project)

    assert status(project.directory) == started


def test_a_server_in_use_can_be_set_to_run_without_users(project: Project, make_project: ProjectMaker) -> None:
    with join(project.directory) as user:
        assert start(project.directory).pid == user.pid

    wait_longer_than_an_unused_server_lives(make_project)
    assert project.is_running()


def test_stop_disconnects_the_users_at_once(project: Project) -> None:
    with join(project.directory) as user, Redis.from_url(user.url, retry=None) as client:
        client.ping()

        before = stop(project.directory)

        assert before.running
        assert before.pid == user.pid
        with pytest.raises(Disconnected):
            client.ping()
        assert not project.is_running()


def test_stop_ends_a_server_started_by_command(project: Project) -> None:
    start(project.directory)
    stop(project.directory)

    with join(project.directory):
        assert not status(project.directory).stays
    project.wait_until_stopped()


def test_stop_without_a_server_says_so_and_creates_nothing(project: Project) -> None:
    assert not stop(project.directory).running
    assert not project.paths.data_directory.exists()


def test_the_status_describes_the_running_server(project: Project) -> None:
    with join(project.directory) as user:
        found = status(project.directory)

    assert (found.running, found.stays, found.pid, found.url) == (True, False, user.pid, user.url)
    assert found.version is not None
    assert found.version.startswith(("valkey ", "redis "))
    assert found.data_directory == project.directory / ".redisched"


def test_the_status_without_a_server_creates_nothing(project: Project) -> None:
    found = status(project.directory)

    assert (found.running, found.stays, found.pid, found.url, found.version) == (False, False, None, None, None)
    assert not project.paths.data_directory.exists()


def test_nothing_is_left_in_the_runtime_folder(project: Project) -> None:
    with join(project.directory):
        socket_path = project.state().endpoint.path
        assert socket_path.is_socket()

    wait_until(lambda: not socket_path.parent.exists(), "the socket's folder is removed")


def test_processes_that_join_at_the_same_time_share_one_server(project: Project) -> None:
    with ExitStack() as stack:
        users = [stack.enter_context(ScriptProcess(USER, str(project.directory))) for _ in range(8)]
        assert {user.hear() for user in users} == {"waiting"}
        for user in users:
            user.say("join")

        assert {user.hear() for user in users} == {str(project.state().pid)}
    project.wait_until_stopped()


def test_a_user_that_joins_while_the_server_shuts_down_gets_a_new_one(project: Project) -> None:
    with join(project.directory) as earlier, Redis.from_url(earlier.url) as client:
        client.set("key", "value")
    wait_until(lambda: "SIGTERM" in project.paths.log.read_text(), "the guardian is stopping the server")

    with join(project.directory) as user, Redis.from_url(user.url) as client:
        assert user.pid != earlier.pid
        assert not is_alive(earlier.pid)
        assert client.get("key") == b"value"
