"""Whichever process is killed, no process is left over and the next user gets a working server."""

import os
import shutil
import signal

from redis import Redis

from redisched.embedded import join, start
from redisched.embedded.endpoint import is_ready
from redisched.embedded.locks import is_held_alone
from tests.embedded.conftest import Project
from tests.embedded.processes import USER, ScriptProcess, is_alive
from tests.waiting import wait_until


def test_a_killed_user_leaves_no_process_behind(project: Project) -> None:
    with ScriptProcess(USER, str(project.directory)) as user:
        user.say("join")
        assert (user.hear(), user.hear()) == ("waiting", str(project.state().pid))
        state = project.state()
        user.kill()

    wait_until(lambda: not is_alive(state.pid), "the server is gone")
    wait_until(lambda: not is_alive(state.guardian_pid), "the guardian is gone")


def test_a_server_outlives_the_user_that_started_it_if_others_use_it(project: Project) -> None:
    with ScriptProcess(USER, str(project.directory)) as starter:
        starter.say("join")
        assert (starter.hear(), starter.hear()) == ("waiting", str(project.state().pid))
        with join(project.directory) as user, Redis.from_url(user.url) as client:
            starter.kill()
            assert client.ping()
            assert user.pid == project.state().pid


def test_a_user_killed_while_it_starts_the_server_does_not_block_the_next(project: Project) -> None:
    with ScriptProcess(USER, str(project.directory)) as starter:
        starter.say("join")
        wait_until(lambda: is_held_alone(project.paths.guardian_lock), "the guardian has begun")
        starter.kill()

    with join(project.directory) as user, Redis.from_url(user.url) as client:
        assert client.ping()
    project.wait_until_stopped()


def test_a_server_ends_when_its_guardian_is_killed(project: Project) -> None:
    with join(project.directory) as user:
        os.kill(project.state().guardian_pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(user.pid), "the server is gone")


def test_after_a_kill_of_the_guardian_the_next_user_gets_a_new_server_with_the_data(project: Project) -> None:
    with join(project.directory) as earlier, Redis.from_url(earlier.url) as client:
        client.set("key", "value")
        guardian_pid = project.state().guardian_pid
        os.kill(guardian_pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(guardian_pid), "the guardian is gone")

        with join(project.directory) as user, Redis.from_url(user.url) as fresh_client:
            assert user.pid != earlier.pid
            assert not is_alive(earlier.pid)
            assert fresh_client.get("key") == b"value"


def test_a_killed_server_is_restarted_for_its_users_at_the_same_url(project: Project) -> None:
    with join(project.directory) as user, Redis.from_url(user.url) as client:
        client.set("key", "value")
        endpoint = project.state().endpoint
        os.kill(user.pid, signal.SIGKILL)
        wait_until(lambda: project.state().pid != user.pid and is_ready(endpoint), "the server is back")

        assert client.get("key") == b"value"
    project.wait_until_stopped()


def test_a_user_that_joins_while_a_killed_server_restarts_waits_for_it(project: Project) -> None:
    with join(project.directory) as user:
        os.kill(user.pid, signal.SIGKILL)
        with join(project.directory) as other, Redis.from_url(other.url) as client:
            assert other.pid != user.pid
            assert client.ping()


def test_a_server_shut_down_by_a_client_is_not_restarted(project: Project) -> None:
    with join(project.directory) as user, Redis.from_url(user.url) as client:
        guardian_pid = project.state().guardian_pid
        client.shutdown()
        wait_until(lambda: not is_alive(guardian_pid), "the guardian is gone")


def test_a_terminated_guardian_shuts_its_server_down(project: Project) -> None:
    with join(project.directory) as user:
        os.kill(project.state().guardian_pid, signal.SIGTERM)
        wait_until(lambda: not is_alive(user.pid), "the server is gone")
        wait_until(lambda: not project.paths.state.exists(), "the guardian has cleaned up")


def test_a_server_whose_socket_was_removed_is_replaced(project: Project) -> None:
    with join(project.directory) as earlier, Redis.from_url(earlier.url) as client:
        client.set("key", "value")
        project.state().endpoint.path.unlink()
        wait_until(lambda: not is_alive(earlier.pid), "the server is gone")

        with join(project.directory) as user, Redis.from_url(user.url) as fresh_client:
            assert fresh_client.get("key") == b"value"


def test_a_server_whose_folder_was_removed_ends(project: Project) -> None:
    start(project.directory)
    state = project.state()
    shutil.rmtree(project.paths.data_directory)

    wait_until(lambda: not is_alive(state.pid), "the server is gone")
    wait_until(lambda: not is_alive(state.guardian_pid), "the guardian is gone")
